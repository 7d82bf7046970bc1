"""History over real sockets: what fails stops nothing else, who waits is told by name, and a pause is kept by all."""

import time
from collections.abc import AsyncIterator

import pytest

from engine.binance.pauses import FILE_NAME, remember
from engine.feeds.feed import Feed
from tests.component.fake_exchange import START_MS, FakeExchange, bar
from tests.component.feed_bench import FeedBench, running

BTC, ETH, ADA = "BTCUSDT", "ETHUSDT", "ADAUSDT"
BAD_GATEWAY = (502, {}, "<html>bad gateway</html>")


@pytest.fixture
async def exchange() -> AsyncIterator[FakeExchange]:
    async with FakeExchange(speed=60.0) as made:
        yield made


def check(bench: FeedBench, exchange: FakeExchange, symbol: str, interval: str) -> None:
    held = bench.held(symbol, interval)
    assert held == exchange.truth(symbol, interval, held[0].open_time, held[-1].open_time)


async def test_a_series_that_is_refused_waits_by_name_and_stops_nobody(exchange: FakeExchange) -> None:
    # Given an exchange that refuses one of two symbols, again and again
    refusal = (400, {}, '{"code":-1121,"msg":"Invalid symbol."}')
    async with running(exchange.rest_url, exchange.ws_url, rest_retries=0, rest_concurrency=1) as bench:
        exchange.scripted["klines"] = [refusal]
        await bench.feed.require({BTC: {"1m"}, ETH: {"1m"}})

        # Then the other has its history
        await bench.until(lambda: bench.feed.progress == (1, 2), "one of two")
        waiting = bench.feed.waiting()
        assert [(found.interval, "Invalid symbol" in found.reason) for found in waiting] == [("1m", True)]
        assert {found.symbol for found in waiting} < {BTC, ETH}
        assert waiting[0].since_ms >= START_MS
        assert bench.feed.waiting(0) == []
        # And an exchange that refuses one series is reached all the same
        assert bench.feed.problem == ""


async def test_progress_is_told_in_numbers(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m", "5m"}, ETH: {"1m"}})
        await bench.ready((BTC, "1m"), (BTC, "5m"), (ETH, "1m"))
        found = bench.feed.loading
        assert (found.done, found.total, found.seconds_left) == (3, 3, 0.0)
        assert found.rows >= 3 * 90
        assert found.weight_used >= 2 * 3
        assert bench.feed.waiting() == []


async def test_what_failed_while_the_exchange_was_away_comes_as_soon_as_it_is_back(exchange: FakeExchange) -> None:
    """Parts that failed often have long pauses, which nobody has to wait out."""
    async with running(exchange.rest_url, exchange.ws_url, rest_retries=0) as bench:
        # Given
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
        exchange.scripted["klines"] = exchange.scripted["time"] = [BAD_GATEWAY] * 9_999
        await bench.feed.require({BTC: {"1m"}, ETH: {"1m", "5m"}, ADA: {"1m"}})
        await bench.until(lambda: bench.feed.stats["history_failures"] >= 7, "many failures")

        # When
        exchange.scripted["klines"].clear()
        exchange.scripted["time"].clear()

        # Then
        await bench.ready((ETH, "1m"), (ETH, "5m"), (ADA, "1m"))
        check(bench, exchange, ETH, "1m")


async def test_after_an_outage_only_what_is_missing_is_asked_for(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}, ETH: {"1m"}})
        await bench.ready((BTC, "1m"), (ETH, "1m"))
        asked = len(exchange.asked)

        exchange.refuse_sockets = True
        await exchange.cut()
        await bench.more_closes(BTC, "1m", 3)
        exchange.refuse_sockets = False
        await bench.until(lambda: bench.feed.states()["live"] == 2, "both live")

        pages = [query for _, query in exchange.asked[asked:]]
        assert pages
        assert all(int(query["limit"]) <= 20 for query in pages)
        check(bench, exchange, BTC, "1m")


async def test_a_server_that_ignores_the_question_neither_loops_us_nor_is_believed(exchange: FakeExchange) -> None:
    """Whatever is asked, it sends the same old page, full to the brim."""
    rows = [[*map(str, bar(BTC, "1m", START_MS - (2_000 - index) * 60_000))] for index in range(1_000)]
    text = "[" + ",".join(f'[{row[0]},"{row[1]}","{row[2]}","{row[3]}","{row[4]}","1",0,"1",1,"1","1","0"]' for row in rows) + "]"
    async with running(exchange.rest_url, exchange.ws_url, rest_retries=0) as bench:
        exchange.scripted["klines"] = [(200, {}, text)] * 2
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
        check(bench, exchange, BTC, "1m")
        assert bench.feed.stats["history_failures"] == 2
        assert len(exchange.asked) < 10


async def test_a_ban_that_is_remembered_lets_nothing_out(
    exchange: FakeExchange, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # Given what an engine before this one was told
    state_dir = tmp_path_factory.mktemp("state")
    remember(state_dir, 120.0, time.time() * 1e3, banned=True)
    assert (state_dir / FILE_NAME).exists()

    # When
    bench = FeedBench(exchange.rest_url, exchange.ws_url)
    feed = Feed(bench.settings, bench.writer, bench.clock, lambda *_: None, state_dir=state_dir)
    with pytest.raises(Exception, match=r"nothing is sent for 1[12]\d s"):
        await feed.start()
    await feed.close()
    await bench.feed.close()

    # Then
    assert exchange.requests == []
