"""What is asked of a trial of a filter, and what came of it: counts, signals, and what its author should know. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

#: A filter that matches more often than this is most likely not meant so.
SHARE_ALWAYS = 0.95


class Wish(NamedTuple):
    """What to try: how many closes of how many symbols, on which market."""

    closes: int = 200
    symbols: int = 20
    #: Recorded candles (Parquet); empty: the simulator's own market, made from a seed.
    data: str = ""
    seed: int = 1


@dataclass(slots=True)
class Trial:
    """What came of it; counts are of pairs of a symbol and a close."""

    refresh: str
    symbols: tuple[str, ...]
    intervals: tuple[str, ...]
    lookback: int
    asked: int = 0
    unready: int = 0
    matches: int = 0
    cpu_us: int = 0
    signals: list[dict[str, Any]] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    given_up: str = ""

    def warnings(self) -> list[str]:
        """What its author should know."""
        found = [f"{count} errors: {text}" for text, count in self.faults.most_common(5)]
        answered = self.asked - self.faults.total()
        if self.given_up:
            found.append(f"an engine would pause it: {self.given_up}")
        elif not self.asked:
            found.append(f"never asked: no symbol has bars in all of {' '.join(self.intervals)}")
        elif answered and not self.matches:
            found.append("never matches: is a threshold out of reach?")
        elif answered and self.matches > SHARE_ALWAYS * answered:
            found.append("matches always, or nearly so: a signal arises only when a symbol begins to match")
        return found

    def document(self) -> dict[str, Any]:
        """The object of `engine trader test --json`."""
        return {
            "refresh": self.refresh,
            "symbols": list(self.symbols),
            "intervals": list(self.intervals),
            "lookback": self.lookback,
            "asked": self.asked,
            "unready": self.unready,
            "matches": self.matches,
            "faults": self.faults.total(),
            "us_per_symbol": round(self.cpu_us / self.asked, 2) if self.asked else None,
            "signals": self.signals,
            "warnings": self.warnings(),
        }

    def summary(self) -> list[str]:
        """What it comes to in words, warnings last."""
        cost = f", {self.cpu_us / self.asked:.1f} µs each" if self.asked else ""
        asked = f"asked {self.asked} times about {len(self.symbols)} symbols{cost}"
        first = f"{asked}: {self.matches} matches, {len(self.signals)} signals, {self.faults.total()} errors"
        return [first, *(f"warning: {text}" for text in self.warnings())]


def line_of(signal: Mapping[str, Any]) -> str:
    """One signal of a trial, for people."""
    details = " ".join(f"{name}={value}" for name, value in signal["details"].items())
    return f"{signal['closed_at']}  {signal['symbol']:<12} {signal['interval']:>4}  {signal['price']:<14} {details}".rstrip()
