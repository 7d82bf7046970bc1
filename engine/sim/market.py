"""What a source of candles offers to the simulator; `synthetic` and `recorded` implement it.

A market knows its whole course, past and future; what may be seen of it at an instant is decided in `tape`.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from engine.sim.bars import Bars


class Listing(NamedTuple):
    """One symbol: its assets, the decimals of its prices and quantities, and when it trades (`end_ms` None: for ever)."""

    symbol: str
    base_asset: str
    quote_asset: str
    price_decimals: int
    quantity_decimals: int
    first_ms: int
    end_ms: int | None = None

    def trades_at(self, time_ms: int) -> bool:
        """Whether the symbol has bars around `time_ms`; the instant at which the last bar closes still counts."""
        return self.first_ms <= time_ms and (self.end_ms is None or time_ms <= self.end_ms)


class Market(Protocol):
    """A source of candles; all times are ms since the epoch, UTC."""

    #: Length of the bars that the source is made of.
    base_ms: int
    #: Length of the shortest bars it can tell; intervals below are refused.
    shortest_ms: int
    #: All symbols, in the order of exchangeInfo.
    listings: Mapping[str, Listing]
    #: Where the data end; None: never.
    end_ms: int | None

    def closed(self, symbol: str, length_ms: int, start_ms: int, end_ms: int, *, first: int = 0, last: int = 0) -> Bars:
        """Complete bars of a regular length that open at `start_ms <= t < end_ms`; only the `first` or `last` so many, if > 0."""

    def parts(self, symbol: str, open_ms: int) -> Bars | None:
        """The base bar that opens at `open_ms`, cut into sixty equal parts; None when there is no such bar."""

    def trades_before(self, symbol: str, time_ms: int) -> int:
        """Trades of the symbol before `time_ms` (a multiple of `base_ms`): the id of the next trade."""
