"""Symbols of the simulator that halt, come back and appear: exchangeInfo, tickers, klines, truth and streams agree."""

import json
from typing import Any

import pytest

from engine.base.types import DAY_MS, HOUR_MS, MINUTE_MS
from tests.component.sim_client import START_MS, Client, hear, running

SPEED = 1_200.0


async def status(client: Client, symbol: str) -> str:
    """As exchangeInfo tells it."""
    info = json.loads((await client.ask("exchangeInfo", symbol=symbol))[1])
    told: str = info["symbols"][0]["status"]
    return told


async def opens_of(client: Client, symbol: str, interval: str, start_ms: int) -> list[int]:
    return [row[0] for row in await client.truth(symbol, interval, start_ms)]


@pytest.mark.parametrize("told", ["BREAK", "HALT", "CANCEL_ONLY"])
async def test_a_halted_symbol_ends_everywhere(told: str) -> None:
    async with running(speed=SPEED) as client:
        socket = await client.connect("/ws/btcusdt@kline_1m/ethusdt@kline_1m")
        await hear(socket)
        # When it is halted
        await client.steer("POST", "symbols", body={"symbol": "BTCUSDT", "status": told})
        halted_ms = client.sim.clock.now_ms()
        assert await status(client, "BTCUSDT") == told
        # Then no bar comes that opens later, while others go on
        seen: list[tuple[str, int, bool]] = []
        while sum(symbol == "ETHUSDT" and closed for symbol, _, closed in seen) < 8:
            event = await hear(socket)
            seen.append((event["s"], event["k"]["t"], event["k"]["x"]))
        assert max((opened for symbol, opened, _ in seen if symbol == "BTCUSDT"), default=0) <= halted_ms
        # And REST and truth say the same
        opens = await opens_of(client, "BTCUSDT", "1m", START_MS)
        assert opens[-1] <= halted_ms < opens[-1] + 2 * MINUTE_MS
        rows = await client.klines("BTCUSDT", "1m", startTime=START_MS)
        assert [row[0] for row in rows] == opens
        assert len(await opens_of(client, "ETHUSDT", "1m", START_MS)) > len(opens)
        # And closes that were told are those that are true
        told_closes = [opened for symbol, opened, closed in seen if symbol == "BTCUSDT" and closed]
        assert set(told_closes) <= set(opens)


async def test_a_long_bar_in_which_a_symbol_is_halted_ends_with_what_was_traded() -> None:
    async with running(speed=SPEED / 4, held=True) as client:
        socket = await client.connect("/ws/btcusdt@kline_5m/ethusdt@kline_1m")
        while (event := await hear(socket))["s"] != "ETHUSDT" or not event["k"]["x"]:
            pass
        await client.steer("POST", "symbols", body={"symbol": "BTCUSDT", "status": "BREAK"})
        while (event := await hear(socket))["s"] != "BTCUSDT" or not event["k"]["x"]:
            pass
        (truth,) = await client.truth("BTCUSDT", "5m")
        minutes = await client.truth("BTCUSDT", "1m")
        told = event["k"]
        assert [told[key] for key in "tohlcv"] == truth[:6]
        assert (told["c"], told["n"], len(minutes) < 5) == (minutes[-1][4], sum(row[8] for row in minutes), True)


async def test_a_halted_symbol_is_not_updated_though_its_bar_goes_on() -> None:
    async with running(speed=20.0) as client:
        socket = await client.connect("/ws/btcusdt@kline_1h/ethusdt@kline_1h")
        symbols = [(await hear(socket))["s"] for _ in range(4)]
        assert "BTCUSDT" in symbols
        await client.steer("POST", "symbols", body={"symbol": "BTCUSDT", "status": "BREAK"})
        halted_ms = client.sim.clock.now_ms()
        events = [await hear(socket) for _ in range(3)]
        assert all(event["s"] == "ETHUSDT" or event["E"] <= halted_ms for event in events)


async def test_a_symbol_that_trades_again_has_a_hole() -> None:
    async with running(speed=SPEED) as client:
        await client.steer("POST", "symbols", body={"symbol": "BTCUSDT", "status": "BREAK"})
        socket = await client.connect("/ws/ethusdt@kline_1m/btcusdt@kline_1m")
        while client.sim.clock.now_ms() < START_MS + 7 * MINUTE_MS:
            await hear(socket)
        await client.steer("POST", "symbols", body={"symbol": "BTCUSDT", "status": "TRADING"})
        resumed_ms = client.sim.clock.now_ms()
        assert await status(client, "BTCUSDT") == "TRADING"
        event = await hear(socket)
        while event["s"] != "BTCUSDT" or not event["k"]["x"]:
            event = await hear(socket)
        assert event["k"]["t"] == resumed_ms - resumed_ms % MINUTE_MS
        opens = await opens_of(client, "BTCUSDT", "1m", START_MS)
        missing = set(range(START_MS, opens[-1], MINUTE_MS)) - set(opens)
        assert len(missing) in (5, 6, 7)
        # The five minutes are made of what is left of them.
        five = await client.truth("BTCUSDT", "5m", START_MS)
        minutes = [row for row in await client.truth("BTCUSDT", "1m", START_MS) if row[0] < START_MS + 5 * MINUTE_MS]
        if minutes:
            assert float(five[0][5]) == pytest.approx(sum(float(row[5]) for row in minutes))
            assert (five[0][1], five[0][4]) == (minutes[0][1], minutes[-1][4])
            assert five[0][8] == sum(row[8] for row in minutes)


async def test_a_new_listing_begins_where_it_is_told() -> None:
    async with running(speed=SPEED) as client:
        told = await client.steer("POST", "symbols", body={"list": "NEWUSDT", "bars": 5})
        now_ms = client.sim.clock.now_ms()
        assert told["first_ms"] in (now_ms - now_ms % MINUTE_MS - 5 * MINUTE_MS, now_ms - now_ms % MINUTE_MS - 6 * MINUTE_MS)
        assert await status(client, "NEWUSDT") == "TRADING"
        rows = await client.klines("NEWUSDT", "1m")
        assert (rows[0][0], len(rows)) == (told["first_ms"], pytest.approx(6, abs=1))
        truth = await client.truth("NEWUSDT", "1m", START_MS - DAY_MS)
        assert truth[:5] == rows[:5]
        # Longer bars contain nothing of before, and the three-day grid counts from its first day.
        (hour, *_) = await client.klines("NEWUSDT", "1h", limit=1)
        assert hour[0] in (START_MS, START_MS - HOUR_MS)
        (days,) = await client.klines("NEWUSDT", "3d")
        assert days[0] == told["first_ms"] // DAY_MS * DAY_MS
        # It is ranked, and it streams.
        tickers = json.loads((await client.ask("ticker/24hr"))[1])
        assert [ticker["symbol"] for ticker in tickers][-1] == "NEWUSDT"
        socket = await client.connect("/ws/newusdt@kline_1m/!miniTicker@arr")
        seen: set[str] = set()
        while len(seen) < 2:
            event = await hear(socket)
            if isinstance(event, list):
                seen |= {"ticker" for ticker in event if ticker["s"] == "NEWUSDT"}
            elif event["k"]["x"]:
                seen.add("kline")
                assert event["k"]["t"] >= told["first_ms"]


async def test_volumes_are_told_as_they_are_set() -> None:
    async with running(held=True) as client:
        await client.steer("POST", "volumes", body={"ETHUSDT": 9e12, "BTCUSDT": 0})

        async def volumes() -> dict[str, float]:
            tickers = json.loads((await client.ask("ticker/24hr"))[1])
            return {ticker["symbol"]: float(ticker["quoteVolume"]) for ticker in tickers}

        told = await volumes()
        assert (max(told, key=lambda symbol: told[symbol]), told["ETHUSDT"], told["BTCUSDT"]) == ("ETHUSDT", 9e12, 0)
        one = json.loads((await client.ask("ticker/24hr", symbol="ETHUSDT"))[1])
        assert float(one["volume"]) == pytest.approx(9e12 / float(one["lastPrice"]))


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("symbols", {"symbol": "NOPE", "status": "BREAK"}, "symbol is not listed: 'NOPE'"),
        ("symbols", {"symbol": "BTCUSDT", "status": "ASLEEP"}, "status is not known: 'ASLEEP'"),
        ("symbols", {"symbol": "BTCUSDT"}, "status is not known: None"),
        ("symbols", {"list": "BTCUSDT", "bars": 5}, "symbol is already listed: BTCUSDT"),
        ("symbols", {"list": "new/usdt", "bars": 5}, "symbol cannot be listed: 'new/usdt'"),
        ("symbols", {"list": "NEWUSDT", "bars": -1}, "number of bars is out of range: -1"),
        ("symbols", {"list": "NEWUSDT", "bars": 5, "price": 1}, "not known here: ['price']"),
        ("symbols", {}, "symbol cannot be listed: None"),
        ("volumes", {"NOPE": 1}, "symbol is not listed: 'NOPE'"),
        ("volumes", {"BTCUSDT": -1}, "volume of BTCUSDT is out of range: -1"),
        ("volumes", {"BTCUSDT": "much"}, "volume of BTCUSDT is out of range: 'much'"),
    ],
)
async def test_what_cannot_be_changed_is_refused(path: str, body: dict[str, Any], sentence: str) -> None:
    async with running(held=True) as client:
        before = await client.ask("exchangeInfo")
        assert (await client.steer("POST", path, expect=400, body=body))["error"].startswith(sentence)
        assert (await client.ask("exchangeInfo"))[1] == before[1]
