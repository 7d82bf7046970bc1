"""The feed over real sockets, against an exchange that misbehaves on command."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from engine.base.errors import Banned, ExchangeUnreachable, SettingsError
from engine.base.types import INTERVAL_MS
from tests.component.fake_exchange import SYMBOLS, FakeExchange
from tests.component.feed_bench import FeedBench, running

BTC, ETH, ADA, COIN = SYMBOLS
MINUTE = INTERVAL_MS["1m"]


@pytest.fixture
async def exchange() -> AsyncIterator[FakeExchange]:
    async with FakeExchange() as made:
        yield made


def check(bench: FeedBench, exchange: FakeExchange, symbol: str, interval: str) -> None:
    """What is held is what the exchange has, and every close was told once and in order."""
    held = bench.held(symbol, interval)
    assert held == exchange.truth(symbol, interval, held[0].open_time, held[-1].open_time)
    told = bench.closes[symbol, interval]
    known = [kline.open_time for kline in held if told and kline.open_time >= told[0]]
    assert told == known


async def test_a_cold_start_joins_history_and_live_closes_without_hole_or_double(exchange: FakeExchange) -> None:
    # Given pages that take several closes to arrive
    exchange.page_delay_s = 0.35
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        # When
        await bench.feed.require({BTC: {"1m", "5m"}, COIN: {"1m"}})
        await bench.ready((BTC, "1m"), (BTC, "5m"), (COIN, "1m"))
        await bench.more_closes(BTC, "5m", 1)
        await bench.more_closes(COIN, "1m", 5)

        # Then
        for series in ((BTC, "1m"), (BTC, "5m"), (COIN, "1m")):
            check(bench, exchange, *series)
            assert len(bench.held(*series)) >= 90
        assert bench.clock.rate == 600.0
        assert bench.feed.states() == {"live": 3, "repairing": 0, "stale": 0, "no_data": 0}
        assert bench.progress[-1] == (3, 3)


async def test_after_a_cut_only_missing_rows_are_fetched_and_nothing_is_lost(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
        await bench.more_closes(BTC, "1m", 3)

        # When the socket is gone for a while
        newest_ms = bench.closes[BTC, "1m"][-1]
        asked_before = len(exchange.asked)
        exchange.refuse_sockets = True
        await exchange.cut()
        missed_from_ms = exchange.now_ms()
        await bench.until(lambda: exchange.now_ms() > missed_from_ms + 4 * MINUTE, "time to pass")
        exchange.refuse_sockets = False
        await bench.until(lambda: exchange.streams and bench.feed.stats["reconnects"] == 1, "another connection")
        await bench.more_closes(BTC, "1m", 5)

        # Then
        check(bench, exchange, BTC, "1m")
        queries = [query for _, query in exchange.asked[asked_before:]]
        assert queries
        assert all(int(query["startTime"]) > newest_ms for query in queries)
        assert all(int(query["limit"]) < 100 for query in queries)
        assert bench.feed.stats["repaired"] >= 3


@pytest.mark.parametrize("code", [1000, 1001, 1008, 4000])
async def test_any_close_code_is_a_reason_to_connect_again(exchange: FakeExchange, code: int) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
        await exchange.cut(code)
        await bench.until(lambda: bench.feed.stats["reconnects"] == 1, "another connection")
        await bench.more_closes(BTC, "1m", 3)
        check(bench, exchange, BTC, "1m")


async def test_an_announced_shutdown_is_not_waited_for(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
        await exchange.say('{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}')
        await bench.until(lambda: bench.feed.stats["replacements"] == 1, "another connection")
        await bench.more_closes(BTC, "1m", 3)
        check(bench, exchange, BTC, "1m")


async def test_while_sockets_replace_each_other_no_bar_is_missed_and_none_is_doubled(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url, connection_max_age_s=1.0) as bench:
        await bench.feed.require({BTC: {"1m"}, ETH: {"1m"}})
        await bench.ready((BTC, "1m"), (ETH, "1m"))
        asked_before = len(exchange.asked)
        await bench.until(lambda: bench.feed.stats["replacements"] >= 2, "two replacements")
        await bench.more_closes(BTC, "1m", 5)

        for symbol in (BTC, ETH):
            check(bench, exchange, symbol, "1m")
        # Both sockets told the same, and nothing had to be repaired.
        assert bench.feed.stats["duplicates"] >= 1
        assert bench.feed.stats["repaired"] == 0
        assert len(exchange.asked) == asked_before
        assert bench.feed.stats["reconnects"] == 0


async def test_pings_of_the_exchange_are_answered(exchange: FakeExchange) -> None:
    exchange.heartbeat_s = 0.3
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
        await bench.more_closes(BTC, "1m", 10)
        assert bench.feed.stats["reconnects"] == 0


async def test_malformed_frames_are_counted_and_change_nothing(exchange: FakeExchange) -> None:
    exchange.noise = '{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":'
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
        await bench.more_closes(BTC, "1m", 3)
        check(bench, exchange, BTC, "1m")
        assert bench.feed.stats["malformed"] > 3
        assert bench.feed.stats["reconnects"] == 0


async def test_a_close_that_stays_out_is_fetched_when_its_grace_is_over(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}, ETH: {"1m"}})
        await bench.ready((BTC, "1m"), (ETH, "1m"))
        exchange.swallow_all = True
        await bench.more_closes(BTC, "1m", 5)
        check(bench, exchange, BTC, "1m")
        assert bench.feed.stats["repaired"] >= 5
        exchange.swallow_all = False
        await bench.more_closes(ETH, "1m", 5)
        check(bench, exchange, ETH, "1m")


async def test_a_single_lost_close_is_repaired_when_the_next_one_comes(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url, close_grace_ms=60_000) as bench:
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
        lost_ms = exchange.now_ms() // MINUTE * MINUTE + MINUTE
        exchange.swallowed.add((BTC, "1m", lost_ms))
        await bench.more_closes(BTC, "1m", 6)
        assert lost_ms in bench.closes[BTC, "1m"]
        check(bench, exchange, BTC, "1m")
        assert bench.feed.stats["gaps"] == 1


async def test_a_bar_the_exchange_does_not_have_is_passed_over(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
        hole_ms = exchange.now_ms() // MINUTE * MINUTE + 2 * MINUTE
        exchange.holes.add((BTC, "1m", hole_ms))
        await bench.until(lambda: bench.closes[BTC, "1m"] and bench.closes[BTC, "1m"][-1] > hole_ms + 3 * MINUTE, "bars after it")
        assert hole_ms not in bench.closes[BTC, "1m"]
        check(bench, exchange, BTC, "1m")
        assert bench.feed.stats["holes"] == 1


async def test_a_pause_that_the_exchange_asks_for_is_kept(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        # Given one refusal with a pause of a second
        exchange.scripted["klines"] = [(429, {"Retry-After": "1"}, '{"code":-1003,"msg":"Too much request weight used."}')]

        # When
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))

        # Then nothing at all was sent in between
        moments = [moment for moment, _ in exchange.requests]
        names = [name for _, name in exchange.requests]
        refused = names.index("klines")
        assert moments[refused + 1] - moments[refused] >= 0.9
        check(bench, exchange, BTC, "1m")


async def test_an_interval_is_added_without_touching_what_is_there(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
        await bench.more_closes(BTC, "1m", 1)

        await bench.feed.require({BTC: {"1m", "5m"}, ETH: {"1m"}})
        await bench.ready((BTC, "5m"), (ETH, "1m"))
        await bench.more_closes(ETH, "1m", 2)

        assert len(exchange.control) == 1
        subscribed = [name for frame in exchange.control[0] for name in frame.get("params", [])]
        assert sorted(subscribed) == ["btcusdt@kline_1m", "btcusdt@kline_5m", "ethusdt@kline_1m"]
        for series in ((BTC, "1m"), (BTC, "5m"), (ETH, "1m")):
            check(bench, exchange, *series)


async def test_what_is_not_needed_any_more_is_released_and_can_come_again(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}, ETH: {"1m"}})
        await bench.ready((BTC, "1m"), (ETH, "1m"))
        await bench.feed.require({BTC: {"1m"}})
        await bench.until(lambda: exchange.streams == [{"btcusdt@kline_1m"}], "unsubscribed")
        assert not bench.feed.ready(ETH, "1m")
        assert bench.writer.count(bench.writer.add_symbol(ETH), 0) == 0

        await bench.feed.require({BTC: {"1m"}, ETH: {"1m"}})
        await bench.ready((ETH, "1m"))
        bench.closes.clear()
        await bench.more_closes(ETH, "1m", 2)
        check(bench, exchange, ETH, "1m")


async def test_what_is_released_and_wished_again_at_once_is_live_again(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}, ETH: {"1m"}})
        await bench.until(lambda: bench.feed.is_live(ETH, "1m"), "live")
        await bench.feed.require({BTC: {"1m"}})
        await bench.feed.require({BTC: {"1m"}, ETH: {"1m"}})
        await bench.until(lambda: bench.feed.is_live(ETH, "1m"), "live again")


async def test_older_history_is_fetched_when_it_is_needed_later(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
        from_ms = exchange.now_ms() // MINUTE * MINUTE - 150 * MINUTE
        await bench.feed.require({BTC: {"1m"}}, {"1m": from_ms})
        assert not bench.feed.ready(BTC, "1m")
        await bench.ready((BTC, "1m"))
        assert bench.held(BTC, "1m")[0].open_time == from_ms
        await bench.more_closes(BTC, "1m", 2)
        check(bench, exchange, BTC, "1m")


async def test_bars_after_a_watermark_are_announced_although_they_come_with_history(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        since_ms = exchange.now_ms() // MINUTE * MINUTE - 20 * MINUTE
        await bench.feed.require({BTC: {"1m"}}, since_ms={"1m": since_ms})
        await bench.ready((BTC, "1m"))
        await bench.more_closes(BTC, "1m", 1)
        assert bench.closes[BTC, "1m"][0] == since_ms + MINUTE
        check(bench, exchange, BTC, "1m")


async def test_a_silent_connection_is_replaced(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url, silence_ms=1_000) as bench:
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
        await bench.more_closes(BTC, "1m", 5)
        exchange.mute = True
        await bench.until(lambda: bench.feed.stats["replacements"] >= 1, "another connection")
        # Closes come over REST meanwhile, late but all.
        await bench.more_closes(BTC, "1m", 5)
        exchange.mute = False
        await bench.more_closes(BTC, "1m", 5)
        check(bench, exchange, BTC, "1m")


async def test_without_any_stream_closes_come_over_rest(exchange: FakeExchange) -> None:
    exchange.refuse_sockets = True
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
        await bench.more_closes(BTC, "1m", 3)
        check(bench, exchange, BTC, "1m")
        assert "does not answer" in bench.feed.problem


async def test_more_streams_than_one_connection_holds_use_several(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url, max_streams_per_connection=2) as bench:
        await bench.feed.require({BTC: {"1m", "3m"}, ETH: {"1m"}})
        await bench.ready((BTC, "1m"), (BTC, "3m"), (ETH, "1m"))
        assert sorted(len(names) for names in exchange.streams) == [1, 2]
        await bench.feed.require({ETH: {"1m"}})
        await bench.until(lambda: exchange.streams == [{"ethusdt@kline_1m"}], "one connection with one stream")


async def test_history_that_fails_is_asked_for_again_and_stops_nothing_else(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url, rest_retries=0) as bench:
        exchange.scripted["klines"] = [(502, {}, "<html>bad gateway</html>")] * 3
        await bench.feed.require({BTC: {"1m"}, ETH: {"1m"}})
        await bench.ready((BTC, "1m"), (ETH, "1m"))
        check(bench, exchange, BTC, "1m")
        assert bench.feed.stats["history_failures"] == 3


async def test_the_universe_is_ranked_by_volume_or_named(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url, symbols="2") as bench:
        assert await bench.feed.resolve_universe() == [BTC, ETH]
        assert bench.feed.listed == frozenset(SYMBOLS)
    async with running(exchange.rest_url, exchange.ws_url, symbols="BTCUSTD") as bench:
        with pytest.raises(SettingsError, match="BTCUSDT"):
            await bench.feed.resolve_universe()


async def test_symbols_and_intervals_that_do_not_exist_are_refused(exchange: FakeExchange) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        with pytest.raises(SettingsError, match="XYZUSDT"):
            await bench.feed.require({"XYZUSDT": {"1m"}})
        with pytest.raises(SettingsError, match="7m"):
            await bench.feed.require({BTC: {"7m"}})
        with pytest.raises(SettingsError, match="1w"):
            await bench.feed.require({BTC: {"1w"}})


async def test_an_exchange_that_is_away_at_start_is_named_with_its_address(unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    with pytest.raises(ExchangeUnreachable, match=f"exchange does not answer: {url}") as caught:
        async with running(url, url.replace("http", "ws"), rest_retries=1):
            raise AssertionError("it started")
    assert caught.value.exit_code == 4


async def test_a_ban_at_start_is_not_waited_out(exchange: FakeExchange) -> None:
    exchange.scripted["time"] = [(418, {"Retry-After": "120"}, '{"code":-1003,"msg":"Way too much request weight used."}')]
    with pytest.raises(Banned) as caught:
        async with running(exchange.rest_url, exchange.ws_url):
            raise AssertionError("it started")
    assert caught.value.exit_code == 4
    assert len(exchange.requests) == 1


async def test_control_frames_without_an_answer_lead_to_another_connection(
    exchange: FakeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.feeds.link.ACK_TIMEOUT_S", 0.3)
    exchange.ignore_control = True
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}})
        await bench.until(lambda: len(exchange.control) >= 2, "another connection")
        exchange.ignore_control = False
        await bench.until(lambda: exchange.streams == [{"btcusdt@kline_1m"}], "subscribed")


async def test_a_listener_that_fails_does_not_stop_the_feed(exchange: FakeExchange, caplog: pytest.LogCaptureFixture) -> None:
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        told: list[int] = []

        def fail(_symbol: int, _interval: int, open_ms: int) -> None:
            told.append(open_ms)
            raise RuntimeError("listener")

        bench.feed._on_closed = fail
        await bench.feed.require({BTC: {"1m"}})
        await bench.until(lambda: len(told) >= 3, "closes")
        assert bench.feed.stats["reconnects"] == 0
        assert "listener failed" in caplog.text


async def test_closing_leaves_no_task_and_no_socket(exchange: FakeExchange) -> None:
    before = asyncio.all_tasks()
    async with running(exchange.rest_url, exchange.ws_url) as bench:
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
    await bench.until(lambda: not exchange.streams, "hung up")
    left = [task.get_name() for task in asyncio.all_tasks() - before if not task.done()]
    assert not [name for name in left if name.startswith(("feed", "history", "connection"))]
