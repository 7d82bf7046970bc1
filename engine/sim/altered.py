"""A market that is changed while it runs: symbols halted and resumed, new ones listed, 24-hour volumes overridden.

An overlay over any market, which stays as it is. A halt takes whole base bars out, and longer bars are then made of those
that are left, by the exchange's rule. Bars that were corrected are `revisions`.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from engine.base.errors import SettingsError
from engine.sim import bars
from engine.sim.bars import Bars
from engine.sim.market import Listing, Market

#: Beyond any time that is meant.
NEVER_MS: Final = 1 << 53
TRADING: Final = "TRADING"
BREAK: Final = "BREAK"


class Gap(NamedTuple):
    """Base bars that open at `start_ms <= t < end_ms` do not exist."""

    start_ms: int
    end_ms: int


@runtime_checkable
class Expandable(Protocol):
    """A market that has courses for more symbols than it lists."""

    def spare(self, symbol: str) -> Listing:
        """The listing of one more symbol; from now on the market knows its bars."""


class Altered:
    """A market and what was changed about it; implements `market.Market`."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.base_ms, self.shortest_ms, self.end_ms = market.base_ms, market.shortest_ms, market.end_ms
        self._listings = dict(market.listings)
        self.listings: Mapping[str, Listing] = self._listings
        #: Quote volume of 24 hours as it is told, by symbol, where it is not the market's own.
        self.volumes: dict[str, float] = {}
        #: Raised with every change of bars.
        self.version = 0
        self._statuses: dict[str, str] = {}
        self._gaps: dict[str, list[Gap]] = {}

    def status(self, symbol: str, now_ms: int) -> str:
        """As exchangeInfo tells it."""
        told = self._statuses.get(symbol)
        return told or (TRADING if self.listings[symbol].trades_at(now_ms) else BREAK)

    def halted(self, symbol: str) -> bool:
        """Whether trading was stopped by `set_status`."""
        return symbol in self._statuses

    def set_status(self, symbol: str, status: str, now_ms: int) -> None:
        """Halt a symbol from the next base bar on, or let it trade again from the present one on."""
        self._known(symbol)
        self.version += 1
        gaps = self._gaps.setdefault(symbol, [])
        was_halted = self.halted(symbol)
        if status == TRADING:
            self._statuses.pop(symbol, None)
            if was_halted:
                start_ms, end_ms = gaps.pop().start_ms, now_ms - now_ms % self.base_ms
                gaps += [Gap(start_ms, end_ms)] if start_ms < end_ms else []
        else:
            self._statuses[symbol] = status
            if not was_halted:
                gaps.append(Gap(-(-now_ms // self.base_ms) * self.base_ms, NEVER_MS))

    def add(self, symbol: str, count: int, now_ms: int) -> Listing:
        """List a new symbol whose first base bar opened `count` bars before the present one; raises SettingsError."""
        if symbol in self.listings:
            raise SettingsError("symbol is already listed", symbol, "name another one")
        if not isinstance(self._market, Expandable):
            raise SettingsError("market has no candles for another symbol", symbol, "list symbols in the synthetic market")
        first_ms = now_ms - now_ms % self.base_ms - count * self.base_ms
        listing = self._market.spare(symbol)._replace(first_ms=first_ms)
        self._gaps[symbol] = [Gap(0, first_ms)]
        self._listings[symbol] = listing
        return listing

    def set_volume(self, symbol: str, quote_volume: float) -> None:
        """Let tickers tell another quote volume of 24 hours; raises SettingsError."""
        self._known(symbol)
        self.volumes[symbol] = quote_volume

    def closed(self, symbol: str, length_ms: int, start_ms: int, end_ms: int, *, first: int = 0, last: int = 0) -> Bars:
        gaps = self._gaps.get(symbol)
        if not gaps:
            return self._market.closed(symbol, length_ms, start_ms, end_ms, first=first, last=last)
        if gaps[0].start_ms == 0:
            start_ms = max(start_ms, gaps[0].end_ms // length_ms * length_ms)
        if gaps[-1].end_ms == NEVER_MS:
            end_ms = min(end_ms, gaps[-1].start_ms)
        # As many more as gaps can swallow.
        spare = sum(_bars_within(gap, length_ms, start_ms, end_ms) for gap in gaps)
        first, last = first and first + spare, last and last + spare
        table = self._market.closed(symbol, length_ms, start_ms, end_ms, first=first, last=last)
        table = self._without(symbol, length_ms, table, gaps)
        if first:
            return table[:, : first - spare]
        return table[:, max(0, table.shape[1] - (last - spare)) :] if last else table

    def parts(self, symbol: str, open_ms: int) -> Bars | None:
        if any(gap.start_ms <= open_ms < gap.end_ms for gap in self._gaps.get(symbol, ())):
            return None
        return self._market.parts(symbol, open_ms)

    def trades_before(self, symbol: str, time_ms: int) -> int:
        return self._market.trades_before(symbol, time_ms)

    def _known(self, symbol: str) -> None:
        if symbol not in self.listings:
            raise SettingsError("symbol is not listed", repr(symbol), "name one of exchangeInfo")

    def _without(self, symbol: str, length_ms: int, table: Bars, gaps: list[Gap]) -> Bars:
        """The bars without what lies in gaps; those that reach into one are made anew."""
        opens = table[bars.OPEN_TIME].astype(np.int64)
        within = np.zeros(opens.size, dtype=np.bool_)
        touched = np.zeros(opens.size, dtype=np.bool_)
        for gap in gaps:
            within |= (gap.start_ms <= opens) & (opens + length_ms <= gap.end_ms)
            touched |= (gap.start_ms < opens + length_ms) & (opens < gap.end_ms)
        remade = dict(self._remade(symbol, length_ms, opens[touched & ~within], gaps))
        if remade or touched.any():
            table = table.copy()
            for place in np.flatnonzero(touched & ~within):
                bar = remade.get(int(opens[place]))
                within[place] = bar is None
                if bar is not None:
                    table[:, place] = bar
        return table[:, ~within]

    def _remade(
        self, symbol: str, length_ms: int, opens: NDArray[np.int64], gaps: list[Gap]
    ) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Long bars made of the base bars that are left; none for those of which nothing is."""
        decimals = self.listings[symbol].quantity_decimals
        for open_ms in opens.tolist():
            base = self._market.closed(symbol, self.base_ms, open_ms, open_ms + length_ms)
            base_opens = base[bars.OPEN_TIME]
            for gap in gaps:
                base = base[:, (base_opens < gap.start_ms) | (base_opens >= gap.end_ms)]
                base_opens = base[bars.OPEN_TIME]
            joined = bars.aggregate(base, np.full(base.shape[1], open_ms, dtype=np.int64), decimals)
            if joined.shape[1]:
                yield open_ms, joined[:, 0]


def _bars_within(gap: Gap, length_ms: int, start_ms: int, end_ms: int) -> int:
    """Most bars of a range that a gap can take out."""
    shared_ms = min(gap.end_ms, end_ms) - max(gap.start_ms, start_ms)
    return shared_ms // length_ms + 1 if shared_ms > 0 else 0
