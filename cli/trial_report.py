"""What is asked of a trial of a filter, and what came of it: counts, signals, and what its author should know. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.dispatch.stats import percentile
from engine.sim.bars import Bars
from engine.wire.texts import on_one_line

#: A filter that matches more often than this is most likely not meant so.
SHARE_ALWAYS = 0.95
#: A filter that may need more than this part of its CPU time is near its limit: other machines are slower.
SHARE_NEAR = 0.5


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
    #: Interval whose closes are asked about, its length, and the bars of each symbol (`engine.sim.bars`).
    driving: str = ""
    step_ms: int = 0
    bars: dict[str, Bars] = field(default_factory=dict)
    #: Symbols an engine would ask about at each close; more than those tried, mostly.
    symbols_meant: int = 0
    #: CPU time an engine gives a filter for its symbols at one close.
    limit_ms: int = 0
    #: Most signals in any hour of the market, and how many an engine takes (0: any number).
    signals_in_an_hour: int = 0
    signals_allowed: int = 0
    #: By interval, the fewest closed bars that a filter sees of any symbol.
    fewest_bars: dict[str, int] = field(default_factory=dict)
    asked: int = 0
    unready: int = 0
    #: By the instant of a close, CPU time and number of symbols.
    spent_us: dict[int, tuple[int, int]] = field(default_factory=dict)
    #: Instants at which it matched, by symbol.
    matched_ms: dict[str, list[int]] = field(default_factory=dict)
    signals: list[dict[str, Any]] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    given_up: str = ""

    @property
    def matches(self) -> int:
        """How often it said yes."""
        return sum(map(len, self.matched_ms.values()))

    def spent(self, as_of_ms: int, cpu_us: int, symbols: int) -> None:
        """CPU time of an answer about some symbols as of a close."""
        before_us, before = self.spent_us.get(as_of_ms, (0, 0))
        self.spent_us[as_of_ms] = before_us + cpu_us, before + symbols

    def cost_us(self, share: float) -> float:
        """CPU time per symbol that this share of the closes stayed below."""
        return percentile(sorted(cpu_us / symbols for cpu_us, symbols in self.spent_us.values() if symbols), share)

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
        if self.signals_allowed and self.signals_in_an_hour > self.signals_allowed:
            found.append(
                f"an engine would pause it: {self.signals_in_an_hour} signals in an hour, more than {self.signals_allowed}"
            )
        return [*found, *self._short_history(), *self._near_limit()]

    def _short_history(self) -> list[str]:
        short = [f"{count} of {name}" for name, count in self.fewest_bars.items() if count <= self.lookback]
        if not short or not self.asked:
            return []
        found = f"needs more history than there is: an indicator looks back {self.lookback} bars, and there may be only"
        return [f"{found} {', '.join(short)}: then it has no value, and comparisons with it are false"]

    def _near_limit(self) -> list[str]:
        meant = max(self.symbols_meant, len(self.symbols))
        needed_ms = self.cost_us(0.99) * meant / 1_000
        if self.given_up or not self.limit_ms or needed_ms < SHARE_NEAR * self.limit_ms:
            return []
        found = f"near the CPU limit: {meant} symbols would take {needed_ms:.0f} ms at a close, {self.limit_ms} ms are allowed"
        return [f"{found}: ask for indicators of whole series, compute less in Python, or ask about fewer symbols"]

    def document(self) -> dict[str, Any]:
        """The object of `engine trader test --json`."""
        return {
            "refresh": self.refresh,
            "symbols": list(self.symbols),
            "intervals": list(self.intervals),
            "lookback": self.lookback,
            "fewest_bars": self.fewest_bars,
            "asked": self.asked,
            "unready": self.unready,
            "matches": self.matches,
            "faults": self.faults.total(),
            "us_per_symbol": round(sum(cpu_us for cpu_us, _ in self.spent_us.values()) / self.asked, 2) if self.asked else None,
            "us_per_symbol_p50": round(self.cost_us(0.5), 2) if self.asked else None,
            "us_per_symbol_p99": round(self.cost_us(0.99), 2) if self.asked else None,
            "signals": self.signals,
            "warnings": self.warnings(),
        }

    def summary(self) -> list[str]:
        """What it comes to in words, warnings last."""
        cost = ""
        if self.asked:
            cost = f", {self.cost_us(0.5):.1f} µs a symbol (median of {len(self.spent_us)} closes, p99 {self.cost_us(0.99):.1f})"
        asked = f"asked {self.asked} times about {len(self.symbols)} symbols{cost}"
        first = f"{asked}: {self.matches} matches, {len(self.signals)} signals, {self.faults.total()} errors"
        return [first, *(f"warning: {text}" for text in self.warnings())]


def line_of(signal: Mapping[str, Any]) -> str:
    """One signal of a trial, for people."""
    details = on_one_line(" ".join(f"{name}={value}" for name, value in signal["details"].items()))
    return f"{signal['closed_at']}  {signal['symbol']:<12} {signal['interval']:>4}  {signal['price']:<14} {details}".rstrip()
