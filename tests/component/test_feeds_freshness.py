"""A feed over real sockets knows which of its series are right, and mends those that are not."""

from collections.abc import AsyncIterator

import pytest

from engine.base.types import INTERVAL_MS
from engine.feeds.freshness import State
from tests.component.fake_exchange import SYMBOLS, FakeExchange
from tests.component.feed_bench import running
from tests.component.test_feeds_exchange import check

BTC, ETH, ADA, _ = SYMBOLS
MINUTE = INTERVAL_MS["1m"]


@pytest.fixture
async def exchange() -> AsyncIterator[FakeExchange]:
    async with FakeExchange() as made:
        yield made


async def test_a_stream_that_the_exchange_forgot_is_subscribed_again(
    exchange: FakeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.feeds.watch.CONFIRM_S", 0.3)
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}, ETH: {"1m"}})
        await bench.ready((BTC, "1m"), (ETH, "1m"))
        await bench.more_closes(BTC, "1m", 2)

        # When one of two streams says nothing any more
        exchange.forgotten.add("btcusdt@kline_1m")
        await bench.until(lambda: bench.feed.stats["silent_streams"], "the silence found")

        # Then it is subscribed again, on the socket that is there, and the other missed nothing
        await bench.until(lambda: not exchange.forgotten, "subscribed again")
        await bench.until(lambda: bench.feed.is_live(BTC, "1m"), "live")
        await bench.more_closes(BTC, "1m", 3)
        check(bench, exchange, BTC, "1m")
        check(bench, exchange, ETH, "1m")
        assert bench.feed.stats["reconnects"] == 0


async def test_each_series_says_how_it_is_since_when_and_why(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}, ETH: {"1m"}})
        assert {facts.state for facts in bench.feed.series()} == {State.NO_DATA}
        assert not bench.feed.is_live(BTC, "1m")
        await bench.ready((BTC, "1m"), (ETH, "1m"))
        await bench.until(lambda: bench.feed.states()["live"] == 2, "live")

        # When there is neither stream nor history
        exchange.refuse_sockets = True
        exchange.scripted["klines"] = [(503, {}, "")] * 10_000
        await exchange.cut()
        await bench.until(lambda: not bench.feed.is_live(BTC, "1m"), "noticed")
        await bench.until(lambda: bench.feed.states()["stale"] == 2, "stale")

        # Then
        facts = bench.feed.state(BTC, "1m")
        assert facts is not None
        assert (facts.symbol, facts.interval, facts.state) == (BTC, "1m", State.STALE)
        assert facts.last_closed_ms <= facts.last_event_ms <= facts.since_ms <= exchange.now_ms()
        assert facts.reason
        assert bench.feed.state(ADA, "1m") is None

        # And when all is there again, so are they
        exchange.refuse_sockets = False
        exchange.scripted["klines"].clear()
        await bench.until(lambda: bench.feed.states()["live"] == 2, "live again")
        check(bench, exchange, BTC, "1m")


async def test_a_closed_bar_that_is_corrected_is_replaced_and_named(
    exchange: FakeExchange, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
        await bench.more_closes(BTC, "1m", 3)
        old = bench.held(BTC, "1m")[-2]
        new = old._replace(close=old.open, volume=old.volume + 1)

        await exchange.correct(BTC, "1m", new)
        await bench.until(lambda: bench.feed.stats["revised"], "the correction")
        await bench.more_closes(BTC, "1m", 2)

        check(bench, exchange, BTC, "1m")
        (revision,) = bench.feed.incidents.revisions
        assert revision[:3] == (BTC, "1m", old.open_time)
        assert caplog.text.count("corrected by the exchange") == 1


async def test_a_price_that_leaps_is_kept_and_named(exchange: FakeExchange, caplog: pytest.LogCaptureFixture) -> None:
    async with running(exchange.rest_url, exchange.ws_url, price_jump_percent=1.0) as bench:
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
        await bench.until(lambda: bench.feed.stats["price_jumps"], "a leap")
        await bench.until(lambda: "price leapt" in caplog.text, "a line about it")
        check(bench, exchange, BTC, "1m")
        assert bench.feed.incidents.jumps[0].symbol == BTC


async def test_an_outage_leaves_nothing_to_wait_for_when_it_is_over(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        everything = {symbol: {"1m", "3m", "5m", "15m"} for symbol in SYMBOLS}
        await bench.feed.require(everything)
        await bench.until(lambda: bench.feed.states()["live"] == 16, "live")

        # Given an outage of streams and history that outlasts many attempts
        exchange.refuse_sockets = True
        exchange.scripted["klines"] = [(503, {}, "")] * 100_000
        await exchange.cut()
        await bench.until(lambda: bench.feed.states()["stale"] == 16, "stale")
        await bench.until(lambda: bench.feed.stats["history_failures"] > 30, "attempts in vain")
        repaired = bench.feed.stats["repaired"]

        # When it ends
        exchange.scripted["klines"].clear()
        exchange.refuse_sockets = False
        asked_before = len(exchange.asked)
        await bench.until(lambda: bench.feed.states()["live"] == 16, "live again", timeout_s=8.0)

        # Then what was missing is there, and only that was asked for
        rows = sum(int(query["limit"]) for _, query in exchange.asked[asked_before:])
        missing = bench.feed.stats["repaired"] - repaired
        assert rows <= 2 * missing + 3 * len(exchange.asked[asked_before:])
        for symbol, intervals in everything.items():
            for interval in intervals:
                check(bench, exchange, symbol, interval)
