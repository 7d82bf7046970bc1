"""Names, addresses and control frames of the market-data streams. Pure text; no socket.

Limits are those of the documentation of Spot WebSocket streams and of what users measured: a SUBSCRIBE frame over 4,096
bytes is ignored without an answer, and a connection that receives more than five messages a second is cut.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

#: Largest control frame the exchange reads, in bytes; a longer one is dropped silently.
FRAME_BYTES_MAX = 4096
#: Most names in one control frame.
FRAME_NAMES_MAX = 150
#: Control frames a second; the exchange allows five, and counts our pongs among them.
FRAMES_PER_SECOND_MAX = 4
#: Pause between two control frames on one connection, in seconds.
FRAME_PAUSE_S = 1.0 / FRAMES_PER_SECOND_MAX

#: Where the exchange itself is reached, for market data without a key.
REST_URL = "https://api.binance.com"
STREAM_URL = "wss://stream.binance.com:9443"

Method = Literal["SUBSCRIBE", "UNSUBSCRIBE"]


class ControlFrame(NamedTuple):
    """One control message: its id, the stream names it is about, and the bytes to send."""

    id: int
    method: Method
    names: tuple[str, ...]
    payload: bytes


def kline_stream(symbol: str, interval: str) -> str:
    """Name of the stream of one symbol's bars, as `btcusdt@kline_5m`; symbols may be any Unicode text."""
    return f"{symbol.lower()}@kline_{interval}"


def control_frames(method: Method, names: Sequence[str], first_id: int) -> list[ControlFrame]:
    """The fewest control frames that name all streams within the limits of size and number, in the order given."""
    overhead = len(_payload(method, (), first_id + len(names)))
    frames: list[ControlFrame] = []
    batch: list[str] = []
    size = overhead
    for name in names:
        bytes_of_name = len(msgspec.json.encode(name)) + 1
        if batch and (len(batch) == FRAME_NAMES_MAX or size + bytes_of_name > FRAME_BYTES_MAX):
            frames.append(_frame(method, batch, first_id + len(frames)))
            batch, size = [], overhead
        batch.append(name)
        size += bytes_of_name
    if batch:
        frames.append(_frame(method, batch, first_id + len(frames)))
    return frames


def _frame(method: Method, names: Sequence[str], frame_id: int) -> ControlFrame:
    return ControlFrame(frame_id, method, tuple(names), _payload(method, names, frame_id))


def _payload(method: Method, names: Sequence[str], frame_id: int) -> bytes:
    return msgspec.json.encode({"method": method, "params": list(names), "id": frame_id})


def stream_url(base: str) -> str:
    """Address of the combined streams below `base`, which may end in a slash, `/ws` or `/stream` already."""
    return _without_suffix(base, ("/stream", "/ws")) + "/stream"


def rest_url(base: str) -> str:
    """Root under which `/api/v3/…` lies; `base` may end in a slash, `/api` or `/api/v3` already."""
    return _without_suffix(base, ("/api/v3", "/api"))


def _without_suffix(base: str, suffixes: Sequence[str]) -> str:
    base = base.strip().rstrip("/")
    for suffix in suffixes:
        if base.endswith(suffix):
            return base.removesuffix(suffix).rstrip("/")
    return base
