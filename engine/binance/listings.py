"""Long lists of the exchange, read entry by entry: one that is malformed costs that entry, not the whole reply. Pure."""

import logging
from collections.abc import Callable, Iterable
from math import inf
from typing import Any, TypeVar

import msgspec

from engine.base.errors import BadReply
from engine.binance.messages import ExchangeInfo, RateLimit, SymbolInfo, Ticker24h, decode_body, decode_exchange_info
from engine.binance.messages import decode_tickers_24h as decode_tickers

log = logging.getLogger(__name__)

T = TypeVar("T")


class _Info(msgspec.Struct, rename="camel"):
    server_time: int = 0
    rate_limits: list[msgspec.Raw] | None = None
    symbols: list[msgspec.Raw] | None = None


_decode_info = msgspec.json.Decoder(_Info, strict=False).decode
_decode_limit = msgspec.json.Decoder(RateLimit, strict=False).decode
_decode_symbol = msgspec.json.Decoder(SymbolInfo, strict=False).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_ticker = msgspec.json.Decoder(Ticker24h, strict=False).decode


def exchange_info(body: bytes) -> ExchangeInfo:
    """Symbols and limits; raises BadReply when it is no exchange information at all, or holds no symbol that can be read."""
    try:
        info: ExchangeInfo = decode_exchange_info(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        parts = decode_body(body, _decode_info)
        limits = _readable(parts.rate_limits or (), _decode_limit, "limits")
        info = ExchangeInfo(parts.server_time, limits, _readable(parts.symbols or (), _decode_symbol, "symbols"))
    if not info.symbols:
        raise BadReply("exchange information holds no symbol", f"{len(body)} bytes", "ask again")
    return info


def tickers_24h(body: bytes) -> list[Ticker24h]:
    """24 h volumes, those that are numbers; raises BadReply when it is no list."""
    try:
        tickers: list[Ticker24h] = decode_tickers(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        tickers = _readable(decode_body(body, _decode_list), _decode_ticker, "tickers")
    # A volume that is no number would leave every ranking without an order.
    return [ticker for ticker in tickers if 0.0 <= ticker.quote_volume < inf]


def _readable(entries: Iterable[msgspec.Raw], decode: Callable[[Any], T], what: str) -> list[T]:
    found: list[T] = []
    lost = 0
    reason = ""
    for entry in entries:
        try:
            found.append(decode(entry))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            lost, reason = lost + 1, reason or f"{bytes(entry)[:80]!r} ({error})"
    if lost:
        log.warning("%d %s of the exchange are malformed and ignored, the first: %s", lost, what, reason)
    return found
