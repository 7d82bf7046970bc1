"""What an engine tells of itself: the documents of `engine status`, `/health`, `/traders` and the numbers of `/metrics`.

Pure rendering of facts that the parts offer as plain numbers; nothing here decides anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.supervisor.roster import Trader
from engine.telemetry.metrics import Sample


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
    clock_offset_ms: float
    clock_rate: float
    workers_target: int
    workers_ready: int
    worker_pids: list[int]
    symbols: int
    intervals: list[str]
    series: dict[str, int]
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
    sandbox: dict[str, Any]
    traders: dict[str, int]
    feed: dict[str, int]
    dispatch: dict[str, int] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def status(facts: Facts) -> dict[str, Any]:
    """The document of `engine status --json`."""
    return {
        "state": facts.state,
        "user": facts.user,
        "pid": facts.pid,
        "since": facts.since,
        "workers": {"target": facts.workers_target, "ready": facts.workers_ready, "pids": facts.worker_pids},
        "symbols": facts.symbols,
        "intervals": facts.intervals,
        "series": facts.series,
        "traders": facts.traders,
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
            "clock_offset_ms": round(facts.clock_offset_ms),
            "clock_rate": round(facts.clock_rate, 3),
            **facts.feed,
        },
        "database": facts.database,
        "spool": facts.spool,
        "sandbox": facts.sandbox,
        "problems": facts.problems,
    }


def health(facts: Facts) -> dict[str, Any]:
    """The document of `/health`: one entry per component, and the worst of them as the whole."""
    components = {
        "feed": _feed_health(facts),
        "workers": _workers_health(facts),
        "database": _part("degraded" if "database" in facts.problems else "healthy", facts.problems.get("database", "")),
        "spool": _part("degraded" if "spool" in facts.problems else "healthy", facts.problems.get("spool", "")),
        "traders": _part("degraded" if facts.traders["paused"] or facts.traders["refused"] else "healthy", _traders_text(facts)),
    }
    if "recording" in facts.problems:
        components["recording"] = _part("degraded", facts.problems["recording"])
    order = ("healthy", "degraded", "unhealthy")
    worst = max((component["state"] for component in components.values()), key=order.index)
    return {"state": worst, "engine": facts.state, "since": facts.since, "components": components}


def _feed_health(facts: Facts) -> dict[str, str]:
    total, live = sum(facts.series.values()), facts.series["live"]
    if "feed" in facts.problems:
        return _part("unhealthy" if not live else "degraded", facts.problems["feed"])
    if total and not live and facts.state == "running":
        return _part("unhealthy", f"none of {total} series is live")
    if live < total:
        return _part("degraded", f"{total - live} of {total} series are not live")
    return _part("healthy", "")


def _workers_health(facts: Facts) -> dict[str, str]:
    if not facts.workers_ready and facts.state == "running":
        return _part("unhealthy", "no worker is ready")
    if facts.workers_ready < facts.workers_target:
        return _part("degraded", f"{facts.workers_ready} of {facts.workers_target} workers are ready")
    return _part("healthy", "")


def _traders_text(facts: Facts) -> str:
    named = [f"{facts.traders[state]} {state}" for state in ("paused", "refused") if facts.traders[state]]
    return ", ".join(named)


def _part(state: str, message: str) -> dict[str, str]:
    return {"state": state, "message": message}


def trader(trader: Trader) -> dict[str, Any]:
    """One entry of `/traders`."""
    version = trader.running or trader.coming
    return {
        "id": trader.id,
        "name": trader.name,
        "state": trader.state,
        "version": version.definition.version if version else None,
        "intervals": list(version.intervals) if version else [],
        "symbols": len(version.symbols) if version else 0,
        "waiting_symbols": sorted(trader.waiting_symbols),
        "matches": trader.matches,
        "cpu_ms": round(trader.cpu_us / 1_000, 3),
        "faults": trader.faults,
        "last_fault": trader.last_fault,
        "problem": trader.problem,
        "paused": trader.paused,
    }


def count_traders(traders: Sequence[Trader]) -> dict[str, int]:
    """How many traders are in which state."""
    counts = dict.fromkeys(("running", "paused", "waiting", "refused"), 0)
    for one in traders:
        counts[one.state] += 1
    return counts


def samples(facts: Facts, traders: Sequence[Trader]) -> list[Sample]:
    """The numbers of `/metrics`."""
    found = [
        Sample("up", 1.0 if facts.state == "running" else 0.0, "Whether traders are being evaluated."),
        Sample("symbols", facts.symbols, "Symbols watched."),
        Sample("bars_closed", facts.bars, "Closed bars that entered the candles after the start.", counter=True),
        Sample("signals", facts.signals, "Signals found and stored in the spool.", counter=True),
        Sample("filter_faults", facts.faults, "Errors of filters, by symbol and instant.", counter=True),
        Sample("cycles", facts.cycles, "Cycles ended.", counter=True),
        Sample("evaluations_waiting", facts.evaluations_waiting, "Evaluations submitted and not answered yet."),
        Sample("workers_target", facts.workers_target, "Workers wished."),
        Sample("workers_ready", facts.workers_ready, "Workers ready."),
        Sample("clock_offset_seconds", facts.clock_offset_ms / 1e3, "How far the exchange's clock is ahead of this machine's."),
    ]
    quantiles = (("0.5", facts.cycle_p50_ms), ("0.99", facts.cycle_p99_ms))
    found += [
        Sample("cycle_seconds", value / 1e3, "Time from submitting a cycle to its last answer.", labels={"quantile": name})
        for name, value in quantiles
        if value is not None
    ]
    found += [Sample("series", count, "Series by state.", labels={"state": name}) for name, count in facts.series.items()]
    found += [Sample("traders", count, "Traders by state.", labels={"state": name}) for name, count in facts.traders.items()]
    found += _numbers("feed", facts.feed, "Feed events.") + _numbers("dispatch", facts.dispatch, "Dispatcher events.")
    found += _numbers("spool", facts.spool, "Signals on disk that wait for the database.")
    for one in traders:
        labels = {"trader": one.name}
        found.append(Sample("trader_cpu_seconds", one.cpu_us / 1e6, "CPU time of filters.", counter=True, labels=labels))
        found.append(Sample("trader_matches", one.matches, "Matches of filters.", counter=True, labels=labels))
    return found


def _numbers(prefix: str, values: Mapping[str, Any], text: str) -> list[Sample]:
    """One gauge per number of a document; texts and nulls are left out."""
    return [
        Sample(f"{prefix}_{name}", float(value), f"{text} ({name.replace('_', ' ')})")
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
