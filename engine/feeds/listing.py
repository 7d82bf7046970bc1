"""What the exchange says of its symbols: which there are, which of them trade, and since when one does not. Pure.

A word is believed at once; silence is not: a symbol that is merely missing from a reply counts as gone when the next reply
lacks it too, so that one reply cut short, or empty, does not end the watching of a whole market. Not here: which symbols an
engine watches (`universe`).
"""

from collections.abc import Iterable
from typing import NamedTuple

from engine.binance.messages import SymbolInfo
from engine.feeds.universe import is_listed

#: In place of a status: the exchange does not list the symbol (any more), or does not trade it on this market.
GONE = "GONE"
NO_SPOT = "NO SPOT"


class Halt(NamedTuple):
    """Why a symbol is not traded: the exchange's word, and the instant of the exchange at which it was first heard."""

    status: str
    since_ms: int


class Listing:
    """All symbols of the exchange as of its last replies."""

    def __init__(self) -> None:
        #: Every symbol that is traded now.
        self.listed: frozenset[str] = frozenset()
        #: Every symbol that there is, or was while this engine ran.
        self.known: frozenset[str] = frozenset()
        self._halts: dict[str, Halt] = {}
        #: Symbols that were missing from the last reply although they were there before: it should be asked for again.
        self.doubted: frozenset[str] = frozenset()
        #: Grows with each change.
        self.version = 0

    def halt(self, symbol: str) -> Halt | None:
        """Why the symbol is not traded; None when it is, or was never heard of."""
        return self._halts.get(symbol)

    def take(self, symbols: Iterable[SymbolInfo], now_ms: int) -> None:
        """Take in one whole reply."""
        statuses = {one.symbol: one.status if is_listed(one) or one.status != "TRADING" else NO_SPOT for one in symbols}
        missing = frozenset(name for name in self.known - statuses.keys() if not self._is_gone(name))
        gone, self.doubted = missing & self.doubted, missing - self.doubted
        statuses |= dict.fromkeys(gone, GONE)
        before, halts_before = self.listed, dict(self._halts)
        for name, status in statuses.items():
            if status == "TRADING":
                self._halts.pop(name, None)
            elif name not in self._halts or self._halts[name].status != status:
                self._halts[name] = Halt(status, now_ms)
        self.known |= statuses.keys()
        self.listed = self.known - self._halts.keys()
        self.version += self.listed != before or self._halts != halts_before

    def _is_gone(self, name: str) -> bool:
        halt = self._halts.get(name)
        return halt is not None and halt.status == GONE
