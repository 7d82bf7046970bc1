"""Bytes of the exchange to typed values: stream frames, control replies, kline rows, exchange information. Pure.

Prices arrive as strings and become floats in the decoder (`strict=False`), which is exact to the last bit. What does not
have the promised shape raises BadReply; the exchange's words are never trusted to be finite numbers.
"""

from math import isfinite
from typing import Annotated, Any, TypeVar

import msgspec

from engine.base.clock import CALENDAR_MAX_MS
from engine.base.errors import BadReply
from engine.base.types import Kline

#: Stream on which the exchange announces that it will close the connection.
SHUTDOWN_STREAM = "!serverShutdown"
_EXCERPT_BYTES = 80

T = TypeVar("T", bound=msgspec.Struct)
_new = tuple.__new__


class KlineFields(msgspec.Struct, gc=False):
    """The bar inside a kline event; the first ten fields are those of `Kline`, in its order."""

    open_time: int = msgspec.field(name="t")
    open: float = msgspec.field(name="o")
    high: float = msgspec.field(name="h")
    low: float = msgspec.field(name="l")
    close: float = msgspec.field(name="c")
    volume: float = msgspec.field(name="v")
    quote_volume: float = msgspec.field(name="q")
    trades: float = msgspec.field(name="n")
    taker_buy_volume: float = msgspec.field(name="V")
    taker_buy_quote_volume: float = msgspec.field(name="Q")
    closed: bool = msgspec.field(name="x")


class KlineEvent(msgspec.Struct, gc=False):
    """A kline event; `event_ms` is when the exchange sent it."""

    event_ms: int = msgspec.field(name="E")
    kline: KlineFields = msgspec.field(name="k")


class KlineFrame(msgspec.Struct, gc=False):
    """A kline event of a combined stream; its symbol and interval are those of the stream's name."""

    stream: str
    data: KlineEvent


class MiniTicker(msgspec.Struct, gc=False):
    """24 hours of one symbol as a rolling window."""

    event_ms: int = msgspec.field(name="E")
    symbol: str = msgspec.field(name="s")
    close: float = msgspec.field(name="c")
    open: float = msgspec.field(name="o")
    high: float = msgspec.field(name="h")
    low: float = msgspec.field(name="l")
    volume: float = msgspec.field(name="v")
    quote_volume: float = msgspec.field(name="q")


class MiniTickers(msgspec.Struct):
    """One or many mini tickers of a combined stream."""

    stream: str
    tickers: list[MiniTicker]


class Shutdown(msgspec.Struct):
    """The exchange will close this connection; it says no more when."""

    event_ms: int = msgspec.field(name="E")


class Reply(msgspec.Struct):
    """The answer to a control frame. `code` is None when it was accepted; `result` is a list for LIST_SUBSCRIPTIONS."""

    id: int | str | None
    code: int | None = None
    message: str = ""
    result: Any = None


class Foreign(msgspec.Struct):
    """A well-formed event of a stream that the engine does not use."""

    stream: str


Message = KlineFrame | MiniTickers | Shutdown | Reply | Foreign


class _ErrorFields(msgspec.Struct):
    code: int
    msg: str = ""


class _Envelope(msgspec.Struct):
    stream: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"")
    id: int | str | None = None
    result: Any = msgspec.UNSET
    error: _ErrorFields | None = None
    code: int | None = None
    msg: str = ""
    event_type: str = msgspec.field(name="e", default="")
    event_ms: int = msgspec.field(name="E", default=0)


class _Head(msgspec.Struct):
    event_type: str = msgspec.field(name="e", default="")


#: The hot path: one combined-stream kline frame. Raises msgspec.DecodeError (or UnicodeDecodeError) for anything else.
decode_kline_frame = msgspec.json.Decoder(KlineFrame, strict=False).decode

_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_head = msgspec.json.Decoder(_Head).decode
_decode_kline = msgspec.json.Decoder(KlineEvent, strict=False).decode
_decode_ticker = msgspec.json.Decoder(MiniTicker, strict=False).decode
_decode_tickers = msgspec.json.Decoder(list[MiniTicker], strict=False).decode
_decode_shutdown = msgspec.json.Decoder(Shutdown).decode


def decode(payload: bytes) -> Message:
    """Any text frame of a combined stream; raises BadReply for one that is not well-formed."""
    try:
        return _message(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadReply("frame is malformed", repr(payload[:_EXCERPT_BYTES]), str(error)) from error


def _message(payload: bytes) -> Message:
    envelope = _decode_envelope(payload)
    if envelope.stream is not None:
        return _event(envelope.stream, bytes(envelope.data))
    if envelope.event_type == "serverShutdown":
        return Shutdown(envelope.event_ms)
    if envelope.error is not None:
        return Reply(envelope.id, envelope.error.code, envelope.error.msg)
    if envelope.code is not None:
        return Reply(envelope.id, envelope.code, envelope.msg)
    if envelope.result is not msgspec.UNSET:
        return Reply(envelope.id, result=envelope.result)
    raise BadReply("frame is neither an event nor a reply", repr(payload[:_EXCERPT_BYTES]))


def _event(stream: str, data: bytes) -> Message:
    if stream == SHUTDOWN_STREAM:
        return _decode_shutdown(data)
    if data[:1] == b"[":
        is_tickers = "iniTicker@arr" in stream
        return MiniTickers(stream, [_finite(ticker) for ticker in _decode_tickers(data)]) if is_tickers else Foreign(stream)
    kind = _decode_head(data).event_type
    if kind == "kline":
        event = _decode_kline(data)
        _finite(event.kline)
        return KlineFrame(stream, event)
    if kind == "24hrMiniTicker":
        return MiniTickers(stream, [_finite(_decode_ticker(data))])
    return Foreign(stream)


def _finite(values: T) -> T:
    for value in msgspec.structs.astuple(values):
        if isinstance(value, float) and not isfinite(value):
            raise BadReply("frame holds a number that is not finite", repr(values))
    return values


# --- REST -----------------------------------------------------------------------------------------------------------

_Row = tuple[int, float, float, float, float, float, int, float, float, float, float, Any]
_decode_rows = msgspec.json.Decoder(list[_Row], strict=False).decode


def decode_klines(body: bytes) -> list[Kline]:
    """Rows of a klines reply, oldest first; the last may still be open. Raises BadReply, also for NaN and infinity."""
    rows = decode_body(body, _decode_rows)
    # The seventh value is the close time, the last is unused. Slices and maps, as there are a million rows at a start.
    klines = [_new(Kline, row[:6] + row[7:11]) for row in rows]
    try:
        # A sum of floats is finite only if every one of them is.
        is_finite = all(map(isfinite, map(sum, klines)))
    except OverflowError:
        is_finite = False
    if not is_finite:
        raise BadReply("klines hold a number that is not finite", repr(body[:_EXCERPT_BYTES]))
    return klines


class RateLimit(msgspec.Struct, frozen=True, rename="camel"):
    """One entry of `exchangeInfo.rateLimits`: `limit` per `interval_num` × `interval`."""

    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int


class SymbolInfo(msgspec.Struct, frozen=True, rename="camel"):
    """What the engine reads of a symbol in `exchangeInfo`."""

    symbol: str
    status: str
    base_asset: str
    quote_asset: str
    is_spot_trading_allowed: bool = True


class ExchangeInfo(msgspec.Struct, frozen=True, rename="camel"):
    """What the engine reads of `exchangeInfo`."""

    server_time: int
    rate_limits: list[RateLimit]
    symbols: list[SymbolInfo]


class ServerTime(msgspec.Struct, frozen=True, rename="camel"):
    """The exchange's clock in ms since the epoch; a time that no calendar can write is malformed."""

    server_time: Annotated[int, msgspec.Meta(ge=0, le=CALENDAR_MAX_MS)]


class Ticker24h(msgspec.Struct, frozen=True, rename="camel"):
    """Volume of one symbol over the last 24 hours, in its quote asset."""

    symbol: str
    quote_volume: float


decode_exchange_info = msgspec.json.Decoder(ExchangeInfo, strict=False).decode
decode_server_time = msgspec.json.Decoder(ServerTime, strict=False).decode
decode_tickers_24h = msgspec.json.Decoder(list[Ticker24h], strict=False).decode


def decode_body(body: bytes, decoder: Any) -> Any:
    """`decoder(body)`; raises BadReply when the body does not have that shape."""
    try:
        return decoder(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadReply("reply of the exchange is malformed", repr(body[:_EXCERPT_BYTES]), str(error)) from error
