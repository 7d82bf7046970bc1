"""Frames that make no sense, in the ways frames can: torn, of the wrong type, out of range, of another symbol.

Pure: a good frame and a generator give a bad one. None of them is a plausible candle with other numbers: a client can tell
each by looking, and must.
"""

from random import Random
from typing import Any, Final

import msgspec
from aiohttp import WSMsgType

from engine.sim.faultkinds import FORMS

#: Not the number that its place in a candle promises.
NO_NUMBERS: Final[tuple[object, ...]] = ("NaN", "Infinity", "", "1,5", "0x10", None, [], {"value": 1}, True)
PRICES: Final = "ohlc"
NEEDED: Final = "tohlcvx"
#: Far enough to be a mistake for every interval.
FAR_MS: Final = 3_650 * 86_400_000
NO_SYMBOL: Final = "NOSUCHUSDT"


def spoil(frame: bytes, form: str, random: Random) -> tuple[bytes, WSMsgType]:
    """A bad frame instead of a good one, and the type it is sent as; `form` empty: one of all, by chance."""
    form = form or random.choice(FORMS)
    if form == "garbage":
        return bytes(random.randrange(32, 127) for _ in range(random.randrange(1, 200))), WSMsgType.TEXT
    if form == "empty":
        return b"", WSMsgType.TEXT
    if form == "binary":
        return random.randbytes(len(frame)), WSMsgType.BINARY
    if form == "utf8":
        return b"\xff\xfe" + frame, WSMsgType.TEXT
    document = msgspec.json.decode(frame)
    event = document["data"] if isinstance(document, dict) and "data" in document else document
    if form == "cut" or not isinstance(event, dict) or event.get("e") != "kline":
        return frame[: random.randrange(1, len(frame))], WSMsgType.TEXT
    _spoil_kline(event, event["k"], form, random)
    return msgspec.json.encode(document), WSMsgType.TEXT


def _spoil_kline(event: dict[str, Any], kline: dict[str, Any], form: str, random: Random) -> None:
    """Change one thing in a candle."""
    if form == "number":
        kline[random.choice(PRICES + "v")] = random.choice(NO_NUMBERS)
    elif form == "missing":
        del kline[random.choice(NEEDED)]
    elif form == "order":
        kline["h"], kline["l"] = kline["l"], f"{float(kline['h']) * 2:.8f}"
    elif form == "negative":
        kline[random.choice(PRICES + "v")] = "-1.00000000"
    elif form == "grid":
        kline["t"], kline["T"] = kline["t"] + 1, kline["T"] + 1
    elif form == "future":
        kline["t"], kline["T"] = kline["t"] + FAR_MS, kline["T"] + FAR_MS
    else:
        event["s"] = kline["s"] = NO_SYMBOL
