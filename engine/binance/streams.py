"""Names, addresses and control frames of the market-data streams. Pure text; no socket.

Limits are those of the documentation of Spot WebSocket streams and of what users measured: a SUBSCRIBE frame over 4,096
bytes is ignored without an answer, and a connection that receives more than five messages a second is cut.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from engine.base.errors import SettingsError

#: Largest control frame the exchange reads, in bytes; a longer one is dropped silently.
FRAME_BYTES_MAX = 4096
#: Most names in one control frame.
FRAME_NAMES_MAX = 150
#: Pause between two control frames on one connection, in seconds. The exchange allows five messages a second, and counts our
#: pongs and pings among them: this leaves room for one, and for frames that arrive closer together than they were sent.
FRAME_PAUSE_S = 0.3

#: Where the exchange itself is reached, for market data without a key, in the order of preference: the first host serves
#: market data and nothing else.
REST_URLS = (
    "https://data-api.binance.vision",
    "https://api.binance.com",
    "https://api-gcp.binance.com",
    "https://api1.binance.com",
    "https://api2.binance.com",
    "https://api3.binance.com",
    "https://api4.binance.com",
)
STREAM_URL = "wss://stream.binance.com:9443"
#: The same streams in the order of preference: the first host serves market data and nothing else.
STREAM_URLS = (
    "wss://data-stream.binance.vision",
    "wss://stream.binance.com:9443",
    "wss://stream.binance.com:443",
)

Method = Literal["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS"]
#: Error code of a SUBSCRIBE that would exceed the streams of a connection; seen by users, not in the documentation's table.
TOO_MANY_SUBSCRIPTIONS = 4


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


def list_frame(frame_id: int) -> ControlFrame:
    """The question what this connection is subscribed to."""
    payload = msgspec.json.encode({"method": "LIST_SUBSCRIPTIONS", "id": frame_id})
    return ControlFrame(frame_id, "LIST_SUBSCRIPTIONS", (), payload)


def _frame(method: Method, names: Sequence[str], frame_id: int) -> ControlFrame:
    return ControlFrame(frame_id, method, tuple(names), _payload(method, names, frame_id))


def _payload(method: Method, names: Sequence[str], frame_id: int) -> bytes:
    return msgspec.json.encode({"method": method, "params": list(names), "id": frame_id})


def stream_url(base: str) -> str:
    """Address of the combined streams below `base`, which may end in a slash, `/ws` or `/stream` already."""
    return _without_suffix(base, ("/stream", "/ws")) + "/stream"


def stream_urls(bases: str) -> list[str]:
    """Addresses of the combined streams below one base or several, joined by commas; SettingsError for what is no address."""
    found = [stream_url(base) for base in bases.split(",") if base.strip()]
    for url in found:
        if not _leads_somewhere(url, ("ws", "wss")):
            raise SettingsError("no address of streams", url, "write BINANCE_WS_URL as wss://host[:port]")
    if not found:
        raise SettingsError("no address of streams", repr(bases), "write BINANCE_WS_URL as wss://host[:port], or leave it out")
    return found


def _leads_somewhere(url: str, schemes: Sequence[str]) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def rest_urls(bases: str) -> list[str]:
    """Roots of the REST interface, one or several, joined by commas; SettingsError for what is no address."""
    found = [rest_url(base) for base in bases.split(",") if base.strip()]
    for url in found:
        if not _leads_somewhere(url, ("http", "https")):
            raise SettingsError("no address of the exchange", url, "write BINANCE_API_URL as https://host[:port]")
    if not found:
        raise SettingsError("no address of the exchange is given", repr(bases), "set BINANCE_API_URL, or leave it empty")
    return found


def rest_url(base: str) -> str:
    """Root under which `/api/v3/…` lies; `base` may end in a slash, `/api` or `/api/v3` already."""
    return _without_suffix(base, ("/api/v3", "/api"))


def _without_suffix(base: str, suffixes: Sequence[str]) -> str:
    base = base.strip().rstrip("/")
    for suffix in suffixes:
        if base.endswith(suffix):
            return base.removesuffix(suffix).rstrip("/")
    return base
