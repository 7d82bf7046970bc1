"""One signal: the fact that a filter began to match a symbol at a bar."""

from typing import Any, Literal

import msgspec

from engine.base.clock import iso_utc
from engine.signals.identity import signal_id

Status = Literal["new", "watching", "position_open", "closed"]


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """All that is stored of a signal; times in ms since the epoch, exchange time.

    `details` is the JSON text of the filter's dict, or empty. `price` is the close of the last bar the filter saw.
    """

    id: str
    user_id: str
    trader_id: str
    trader: str
    trader_version: int
    symbol: str
    interval: str
    bar_open_ms: int
    price: float
    detected_ms: int
    exchange: str
    details: str = ""
    late: bool = False
    status: Status = "new"

    @classmethod
    def found(cls, **parts: Any) -> "Signal":
        """A signal with its derived id; takes every field but `id`."""
        identity = signal_id(
            parts["trader_id"], parts["trader_version"], parts["symbol"], parts["interval"], parts["bar_open_ms"]
        )
        return cls(id=identity, **parts)

    def to_json(self) -> dict[str, Any]:
        """The object of the contract, in its order."""
        return {
            "id": self.id,
            "user_id": self.user_id,
            "trader_id": self.trader_id,
            "trader": self.trader,
            "trader_version": self.trader_version,
            "symbol": self.symbol,
            "interval": self.interval,
            "bar_open_time": iso_utc(self.bar_open_ms),
            "price": self.price,
            "details": msgspec.json.decode(self.details) if self.details else {},
            "late": self.late,
            "exchange": self.exchange,
            "status": self.status,
            "detected_at": iso_utc(self.detected_ms),
        }


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Signal)


def encode(signal: Signal) -> bytes:
    """Bytes for the spool."""
    return _ENCODER.encode(signal)


def decode(body: bytes) -> Signal:
    """The signal of these bytes; raises msgspec.DecodeError for others."""
    return _DECODER.decode(body)
