"""What an engine tells of itself: the documents of `engine status` and `/traders`.

Pure rendering of facts that the parts offer as plain numbers; nothing here decides anything. Health: `health`; metrics:
`figures`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.supervisor import feed_facts
from engine.supervisor.feed_facts import FeedFacts
from engine.supervisor.roster import Trader
from engine.supervisor.sandbox import Sandbox
from engine.supervisor.waiting import Waits

#: Traders that `/status` names as waiting, at most; `/traders` tells of all.
WAITING_NAMED_MAX = 20
#: And with what CPU time they use.
CPU_NAMED_MAX = 20


@dataclass(slots=True)
class Facts:
    """The engine at one moment; times in ms or seconds as named, counts since the start."""

    state: str
    user: str
    pid: int
    since: str
    exchange: str
    exchange_url: str
    exchange_real: bool
    workers_target: int
    workers_ready: int
    worker_pids: list[int]
    symbols: int
    intervals: list[str]
    bars: int
    bars_per_second: float
    signals: int
    faults: int
    cycles: int
    cycle_p50_ms: float | None
    cycle_p99_ms: float | None
    evaluations_waiting: int
    database: dict[str, Any]
    spool: dict[str, Any]
    sandbox: Sandbox
    traders: dict[str, int]
    #: None until the exchange is being asked.
    feeds: FeedFacts | None = None
    #: Symbols that traders ask for and the exchange does not trade now.
    released: list[dict[str, str]] = field(default_factory=list)
    #: What traders wait for, by trader id; only those that wait.
    waits: Mapping[str, Waits] = field(default_factory=dict)
    universe_changes: int = 0
    dispatch: dict[str, int] = field(default_factory=dict)
    #: Memory of all workers in bytes, and what they remember of indicators.
    workers_rss_bytes: int = 0
    spares_ready: int = 0
    spare_pids: list[int] = field(default_factory=list)
    spares_bytes: int = 0
    indicator_hits: int = 0
    indicator_misses: int = 0
    indicator_bytes: int = 0
    problems: dict[str, str] = field(default_factory=dict)
    #: Problems that came lately, those that are over included, newest last: `{at, part, text}`.
    last_problems: Sequence[Mapping[str, str]] = ()

    @property
    def released_count(self) -> int:
        """How many symbols are not traded now."""
        return len(self.released)


def status(facts: Facts, traders: Sequence[Trader]) -> dict[str, Any]:
    """The document of `engine status --json`."""
    feeds = facts.feeds or FeedFacts()
    return {
        "state": facts.state,
        "user": facts.user,
        "pid": facts.pid,
        "since": facts.since,
        "workers": {"target": facts.workers_target, "ready": facts.workers_ready, "pids": facts.worker_pids},
        "spare_workers": {"ready": facts.spares_ready, "pids": facts.spare_pids, "own_bytes": facts.spares_bytes},
        "symbols": facts.symbols,
        "intervals": facts.intervals,
        "series": dict(feeds.series),
        "traders": facts.traders,
        "refused": {one.name: found for one in traders if (found := refused(one)) is not None},
        "paused": {one.name: found for one in traders if (found := pause(one)) is not None},
        "trader_cpu": _cpu(traders),
        "waiting_for": _waiting(facts, traders),
        "symbols_released": facts.released,
        "signals": facts.signals,
        "bars": facts.bars,
        "bars_per_second": round(facts.bars_per_second, 1),
        "faults": facts.faults,
        "evaluations_waiting": facts.evaluations_waiting,
        "cycles": {"count": facts.cycles, "p50_ms": facts.cycle_p50_ms, "p99_ms": facts.cycle_p99_ms},
        "exchange": {
            "name": facts.exchange,
            "url": facts.exchange_url,
            "real": facts.exchange_real,
            "clock_offset_ms": round(feeds.clock.offset_ms),
            "clock_rate": round(feeds.clock.rate, 3),
            **feeds.stats,
        },
        "feeds": feed_facts.document(feeds),
        "database": facts.database,
        "spool": facts.spool,
        "sandbox": facts.sandbox.document(),
        "problems": facts.problems,
        "last_problems": list(facts.last_problems),
    }


def _cpu(traders: Sequence[Trader]) -> dict[str, dict[str, float | None]]:
    """CPU time in ms of the traders that use most: all of it, and of a cycle over all symbols."""
    most = sorted(traders, key=lambda one: -one.cpu_us)[:CPU_NAMED_MAX]
    return {one.name: {"total": round(one.cpu_us / 1e3, 3), **one.conduct.cycle_ms()} for one in most if one.cpu_us}


def _waiting(facts: Facts, traders: Sequence[Trader]) -> dict[str, dict[str, Any]]:
    waiting = [(one, facts.waits[one.id]) for one in traders if one.id in facts.waits]
    waiting.sort(key=lambda pair: (-pair[1].total, pair[0].name))
    return {one.name: {"count": waits.total, "series": waits.lines} for one, waits in waiting[:WAITING_NAMED_MAX]}


def trader(trader: Trader, waits: Waits | None) -> dict[str, Any]:
    """One entry of `/traders`."""
    version = trader.running or trader.coming
    return {
        "id": trader.id,
        "name": trader.name,
        "state": trader.state,
        "version": version.definition.version if version else trader.pause.version if trader.pause else None,
        "intervals": list(version.intervals) if version else [],
        "symbols": len(version.symbols) if version else 0,
        "waiting_symbols": sorted(trader.waiting_symbols),
        "waiting_for": waits.lines if waits else [],
        "waiting_for_count": waits.total if waits else 0,
        "matches": trader.matches,
        "cpu_ms": round(trader.cpu_us / 1_000, 3),
        "faults": trader.faults,
        "last_fault": trader.last_fault,
        "problem": trader.problem,
        "refused": refused(trader),
        "strikes": trader.strikes,
        "signals_in_an_hour": trader.conduct.worst_hour,
        "cycle_cpu_ms": trader.conduct.cycle_ms(),
        "paused": trader.pause.reason if trader.pause else "",
        "pause": pause(trader),
    }


def refused(trader: Trader) -> dict[str, Any] | None:
    """Where the newest version of a trader fails, when that does not run: version, line, column, construct, message."""
    return trader.refusal.document() if trader.refusal is not None else None


def pause(trader: Trader) -> dict[str, Any] | None:
    """Why a trader is paused, since when, and what to do; None for one that is not."""
    if trader.pause is None:
        return None
    return trader.pause.document() | {"matches_not_stored": trader.conduct.cut}


def count_traders(traders: Sequence[Trader]) -> dict[str, int]:
    """How many traders are in which state."""
    counts = dict.fromkeys(("running", "paused", "waiting", "refused"), 0)
    for one in traders:
        counts[one.state] += 1
    return counts
