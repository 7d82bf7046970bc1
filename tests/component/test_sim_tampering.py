"""What faults do to events, as a plain client sees it over a real socket."""

import json
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from engine.base.types import MINUTE_MS
from engine.sim.faultkinds import FORMS
from tests.component.sim_client import START_MS, end_code, hear, running

SPEED = 1_200.0


async def closes(socket: ClientWebSocketResponse, count: int) -> list[dict[str, Any]]:
    """The next so many events of closed bars."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        event = await hear(socket)
        if event["k"]["x"]:
            found.append(event["k"])
    return found


def row(kline: dict[str, Any]) -> list[Any]:
    """A candle of an event as a row of REST."""
    return [kline[key] for key in ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q")] + ["0"]


async def test_omitted_closes_are_missing_on_the_stream_and_nowhere_else() -> None:
    async with running(speed=SPEED, held=True) as client:
        number = await client.fault("omit_closes", count=3, symbols=["BTCUSDT"])
        socket = await client.connect("/ws/btcusdt@kline_1m/ethusdt@kline_1m")
        heard: dict[str, list[int]] = {"BTCUSDT": [], "ETHUSDT": []}
        while len(heard["BTCUSDT"]) < 2:
            event = await hear(socket)
            heard[event["s"]] += [event["k"]["t"]] * event["k"]["x"]
        assert heard["BTCUSDT"][0] == START_MS + 3 * MINUTE_MS
        assert heard["ETHUSDT"][:4] == [START_MS + minute * MINUTE_MS for minute in range(4)]
        assert await client.struck(number) == 3
        truth = await client.truth("BTCUSDT", "1m")
        assert [bar[0] for bar in truth[:4]] == heard["ETHUSDT"][:4]
        assert (await client.klines("BTCUSDT", "1m", startTime=START_MS, limit=4)) == truth[:4]


async def test_duplicates_are_the_same_text_twice() -> None:
    async with running(speed=SPEED, held=True) as client:
        await client.fault("duplicate", copies=3, events="closes", count=1)
        socket = await client.connect("/ws/btcusdt@kline_1m")
        texts = []
        while len(texts) < 4:
            text = (await socket.receive()).data
            texts += [text] * json.loads(text)["k"]["x"]
        assert texts[0] == texts[1] == texts[2] != texts[3]


async def test_delayed_events_come_later_and_hold_back_no_others() -> None:
    async with running(speed=SPEED, held=True) as client:
        await client.fault("delay", ms=150, count=1, events="closes", symbols=["BTCUSDT"])
        socket = await client.connect("/ws/btcusdt@kline_1m/ethusdt@kline_1m")
        order = []
        while (("BTCUSDT", START_MS)) not in order:
            event = await hear(socket)
            order += [(event["s"], event["k"]["t"])] * event["k"]["x"]
        assert order[0] == ("ETHUSDT", START_MS)
        assert ("BTCUSDT", START_MS + MINUTE_MS) in order


async def test_reordered_events_are_overtaken_by_so_many() -> None:
    async with running(speed=SPEED, held=True) as client:
        await client.fault("reorder", depth=2, count=1, events="closes", ms=60_000)
        socket = await client.connect("/ws/btcusdt@kline_1m")
        events = [await hear(socket) for _ in range(6)]
    late = next(place for place, event in enumerate(events) if event["k"]["x"] and event["k"]["t"] == START_MS)
    assert sum(event["E"] > events[late]["E"] for event in events[:late]) == 2


async def test_what_nothing_overtakes_goes_out_after_a_while() -> None:
    async with running(speed=60.0, held=True) as client:
        await client.fault("reorder", depth=1_000, ms=50)
        socket = await client.connect("/ws/btcusdt@kline_1m")
        assert (await hear(socket))["s"] == "BTCUSDT"


@pytest.mark.parametrize("form", [form for form in FORMS if form not in ("binary", "utf8")])
async def test_malformed_frames_replace_good_ones(form: str) -> None:
    async with running(speed=SPEED, held=True) as client:
        await client.fault("malformed", form=form, count=1)
        socket = await client.connect("/ws/btcusdt@kline_1m")
        bad, good = await socket.receive(), await socket.receive()
        assert json.loads(good.data)["k"]["i"] == "1m"
        assert bad.type is WSMsgType.TEXT
        assert not plausible(bad.data)
        assert plausible(good.data)


def plausible(text: str) -> bool:
    """Whether this is a candle of BTCUSDT that could be true."""
    try:
        k = json.loads(text)["k"]
        numbers = [k[key] for key in "ohlcv"]
        if not all(isinstance(number, str) and float(number) >= 0 for number in numbers):
            return False
        o, h, low, c, _ = (float(number) for number in numbers)
    except (ValueError, KeyError):
        return False
    near = abs(k["t"] - START_MS) < 86_400_000 if "t" in k else False
    return "x" in k and k["s"] == "BTCUSDT" and near and k["t"] % MINUTE_MS == 0 and h >= max(o, low, c) and low <= min(o, c)


async def test_frames_that_are_no_text_at_all() -> None:
    async with running(speed=SPEED, held=True) as client:
        number = await client.fault("malformed", form="binary", count=1)
        socket = await client.connect("/ws/btcusdt@kline_1m")
        assert (await socket.receive()).type is WSMsgType.BINARY
        await client.steer("DELETE", f"faults/{number}")
        await client.fault("malformed", form="utf8")
        assert await end_code(socket) == 1007


@pytest.mark.parametrize("back", [0, 1, 3])
async def test_a_revised_bar_is_told_with_other_numbers_and_is_true_from_then_on(back: int) -> None:
    async with running(speed=SPEED, held=True) as client:
        # Given a bar as it was
        open_ms = START_MS - back * MINUTE_MS
        (before,) = await client.truth("BTCUSDT", "1m", open_ms - MINUTE_MS, endTime=open_ms - MINUTE_MS)
        whole = await client.truth("BTCUSDT", "5m", START_MS - 15 * MINUTE_MS)
        unchanged = client.sim.market.closed("BTCUSDT", MINUTE_MS, open_ms, open_ms + 1)[1:6, 0]
        # When it is revised after the close of one so much later
        await client.fault("revise", back=back, count=1, symbols=["BTCUSDT"], intervals=["1m"])
        socket = await client.connect("/ws/btcusdt@kline_1m")
        first, again, after = await closes(socket, 3)
        # Then it is told, once more or for the first time, as a candle of other numbers
        assert (first["t"], again["t"], after["t"]) == (START_MS, open_ms, START_MS + MINUTE_MS)
        told = [float(again[key]) for key in "ohlcv"]
        assert told != unchanged.tolist()
        assert told[1] >= max(told[:4])
        assert told[2] <= min(told[:4])
        # And it is what truth and REST say, its neighbour and longer bars being what they were
        assert row(again) in await client.truth("BTCUSDT", "1m", open_ms)
        assert await client.klines("BTCUSDT", "1m", startTime=open_ms, limit=1) == [row(again)]
        assert await client.truth("BTCUSDT", "1m", open_ms - MINUTE_MS, endTime=open_ms - MINUTE_MS) == [before]
        assert (await client.truth("BTCUSDT", "5m", START_MS - 15 * MINUTE_MS))[:3] == whole
        (made,) = await client.steer("GET", "revisions")
        assert (made["symbol"], made["interval"], made["open_ms"]) == ("BTCUSDT", "1m", open_ms)


async def test_skew_moves_what_the_exchange_says_about_its_time_and_nothing_else() -> None:
    async with running(speed=1.0) as client:
        await client.fault("skew", ms=-90_000)
        server_ms = json.loads((await client.ask("time"))[1])["serverTime"]
        info_ms = json.loads((await client.ask("exchangeInfo"))[1])["serverTime"]
        assert START_MS - 90_000 <= server_ms <= info_ms < START_MS
        socket = await client.connect("/ws/btcusdt@kline_1s")
        event = await hear(socket)
        assert event["E"] < START_MS < event["k"]["T"]
        assert (await client.klines("BTCUSDT", "1m", limit=1))[0][0] == START_MS
        await client.steer("DELETE", "faults")
        assert json.loads((await client.ask("time"))[1])["serverTime"] >= START_MS


async def test_a_client_that_leaves_takes_what_was_held_back_along() -> None:
    async with running(speed=SPEED, held=True) as client:
        number = await client.fault("delay", ms=60_000)
        socket = await client.connect("/ws/btcusdt@kline_1m")
        while not await client.struck(number):
            pass
        await socket.close()
        audit = await client.steer("GET", "audit")
        assert audit["events_sent"] == 0
        with pytest.raises(aiohttp.ClientConnectionError):
            await socket.send_str("{}")
