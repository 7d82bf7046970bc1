"""Which trader waits for which series, by name and with the reason. Pure.

A filter is not asked about a symbol while a bar that it reads is missing, or, when it runs on forming bars, while one of them
is not fresh; the trader goes on with its other symbols meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from engine.base.clock import iso_utc
from engine.feeds.facts import SeriesFacts
from engine.feeds.freshness import State
from engine.feeds.listing import Halt
from engine.supervisor.roster import Trader

#: Lines that one trader is told at most; the number tells of the others.
LINES_MAX = 5

#: The gravest first.
ORDER = {State.STALE: 0, State.NO_DATA: 1, State.REPAIRING: 2, State.LIVE: 3}


class Waits(NamedTuple):
    """How many series a trader waits for, and the gravest of them in words."""

    total: int
    lines: list[str]


def worst_first(series: Iterable[SeriesFacts]) -> list[SeriesFacts]:
    """Those that are not live, the gravest first, and of these the longest."""
    troubled = (one for one in series if one.state is not State.LIVE)
    return sorted(troubled, key=lambda one: (ORDER[one.state], one.since_ms, one.symbol, one.interval))


def waiting_for(trader: Trader, troubles: Sequence[SeriesFacts], released: Mapping[str, Halt]) -> Waits:
    """What the running version of a trader waits for; `troubles` are the series that are not live, the gravest first."""
    version = trader.running
    if version is None or trader.pause is not None or not (troubles or released):
        return Waits(0, [])
    symbols, intervals = frozenset(version.symbols), frozenset(version.intervals)
    gone = [symbol for symbol in version.symbols if symbol in released]
    mine = [one for one in troubles if one.symbol in symbols and one.interval in intervals]
    lines = [f"{symbol}: not traded ({released[symbol].status}) since {iso_utc(released[symbol].since_ms)}" for symbol in gone]
    lines += [line(one) for one in mine[:LINES_MAX]]
    return Waits(len(gone) + len(mine), lines[:LINES_MAX])


def line(one: SeriesFacts) -> str:
    """A series in words, as `BTCUSDT 1h: stale since …, the reason`."""
    reason = f", {one.reason}" if one.reason else ""
    return f"{one.symbol} {one.interval}: {one.state.value.replace('_', ' ')} since {iso_utc(one.since_ms)}{reason}"
