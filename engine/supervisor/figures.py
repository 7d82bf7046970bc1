"""The numbers of `/metrics`, each with its name and meaning; the table in docs/operations.md lists those of the feeds. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.feeds.lag import Quantiles
from engine.supervisor.feed_facts import FeedFacts
from engine.supervisor.roster import Trader
from engine.supervisor.sandbox import Sandbox
from engine.supervisor.state import Facts
from engine.telemetry.metrics import Sample

#: Counts of a feed that only grow, by their name in its statistics.
COUNTERS = {
    "frames": "Frames received.",
    "malformed": "Frames that could not be read.",
    "invalid": "Bars refused: wrong in themselves, off the grid, or of another time.",
    "closed": "Closed bars taken in.",
    "forming": "Updates of open bars taken in.",
    "duplicates": "Closed bars that came twice.",
    "revised": "Closed bars that the exchange corrected.",
    "late": "Closed bars that came after later ones.",
    "out_of_order": "Updates that were older than what was there.",
    "gaps": "Times that a close skipped bars.",
    "repaired": "Missing bars fetched over REST.",
    "holes": "Bars that the exchange does not have.",
    "price_jumps": "Closes further from the one before than price_jump_percent.",
    "reconnects": "Connections made anew after one was lost.",
    "replacements": "Connections replaced before they ended.",
    "resubscribed": "Streams subscribed again because nothing came by them.",
    "refusals": "Subscriptions that the exchange refused.",
    "silence_questions": "Questions over REST because a series was silent.",
    "silent_streams": "Streams found silent although the exchange traded.",
    "clock_jumps": "Times that the exchange's clock was set.",
    "history_pages": "Pages of history received.",
    "history_failures": "Pages of history that failed to come.",
    "rest_requests": "Requests sent over REST.",
}


def samples(facts: Facts, traders: Sequence[Trader]) -> list[Sample]:
    """All numbers of one engine."""
    found = [
        Sample("up", 1.0 if facts.state == "running" else 0.0, "Whether traders are being evaluated."),
        Sample("symbols", facts.symbols, "Symbols watched."),
        Sample("symbols_released", facts.released_count, "Symbols that traders ask for and the exchange does not trade."),
        Sample("universe_changes", facts.universe_changes, "Times that ranking again changed the universe.", counter=True),
        Sample("bars_closed", facts.bars, "Closed bars that entered the candles after the start.", counter=True),
        Sample("signals", facts.signals, "Signals found and stored in the spool.", counter=True),
        Sample("filter_faults", facts.faults, "Errors of filters, by symbol and instant.", counter=True),
        Sample("cycles", facts.cycles, "Cycles ended.", counter=True),
        Sample("evaluations_waiting", facts.evaluations_waiting, "Evaluations submitted and not answered yet."),
        Sample("workers_target", facts.workers_target, "Workers wished."),
        Sample("workers_ready", facts.workers_ready, "Workers ready."),
        Sample("spare_workers_ready", facts.spares_ready, "Workers ready to take the place of one that dies."),
        Sample("spare_workers_memory_bytes", facts.spares_bytes, "Memory that is the spare workers' alone."),
        Sample("workers_memory_bytes", facts.workers_rss_bytes, "Resident memory of all workers, shared pages counted in each."),
        Sample("indicator_hits", facts.indicator_hits, "Calls of indicators answered from memory.", counter=True),
        Sample("indicator_misses", facts.indicator_misses, "Times that a kernel computed something new.", counter=True),
        Sample("indicator_memory_bytes", facts.indicator_bytes, "Memory of remembered indicators, all workers."),
        Sample("traders_waiting", len(facts.waits), "Traders that wait for some series."),
    ]
    found += _of_sandbox(facts.sandbox)
    cycles = Quantiles(facts.cycle_p50_ms, facts.cycle_p99_ms)
    found += _quantiles("cycle_seconds", cycles, "Time from submitting a cycle to its last answer.")
    found += [Sample("traders", count, "Traders by state.", labels={"state": name}) for name, count in facts.traders.items()]
    if facts.feeds is not None:
        found += _of_feeds(facts.feeds)
    found += _numbers("dispatch", facts.dispatch, "Dispatcher events.")
    found += _numbers("spool", facts.spool, "Signals on disk that wait for the database.")
    for one in traders:
        labels = {"trader": one.name}
        found.append(Sample("trader_cpu_seconds", one.cpu_us / 1e6, "CPU time of filters.", counter=True, labels=labels))
        found.append(
            Sample("trader_paused", float(one.pause is not None), "Whether the engine stopped the trader.", labels=labels)
        )
        for share in ("p50", "p99"):
            value_ms = one.conduct.cycle_ms()[share]
            if value_ms is not None:
                more = labels | {"quantile": f"0.{share[1:].rstrip('0')}"}
                found.append(Sample("trader_cycle_cpu_seconds", value_ms / 1e3, "CPU time of a filter in a cycle.", labels=more))
        found.append(Sample("trader_matches", one.matches, "Matches of filters.", counter=True, labels=labels))
    return found


def _of_sandbox(sandbox: Sandbox) -> list[Sample]:
    measures = dict.fromkeys(sandbox.in_force, 1.0) | dict.fromkeys(sandbox.missing, 0.0)
    text = "Whether a measure of the lockdown holds in all workers."
    return [
        Sample("unsandboxed", float(sandbox.is_unsandboxed), "Whether filters run without a sandbox, as the operator allowed."),
        Sample("sandbox_measures_missing", len(sandbox.missing), "Measures of the lockdown missing in some worker."),
        *(Sample("sandbox_measure", value, text, labels={"measure": name}) for name, value in measures.items()),
    ]


def _of_feeds(feeds: FeedFacts) -> list[Sample]:
    clock = feeds.clock
    found = [Sample("series", count, "Series by state.", labels={"state": str(name)}) for name, count in feeds.series.items()]
    for name, value in feeds.stats.items():
        if name in COUNTERS:
            found.append(Sample(f"feed_{name}", value, COUNTERS[name], counter=True))
    others = {name: value for name, value in feeds.stats.items() if name not in COUNTERS and name != "weight_used"}
    found += _numbers("feed", others, "Feed now.")
    found += [
        Sample("exchange_weight_used", feeds.weight_used, "Request weight used in this calendar minute."),
        Sample("exchange_weight_limit", feeds.weight_limit, "Request weight that the exchange allows in a minute."),
        Sample("exchange_pause_seconds", feeds.pause_s, "How long nothing may be sent, because the exchange said so."),
        Sample("exchange_banned", float(feeds.is_banned), "Whether the exchange has banned our address."),
        Sample("history_series_missing", feeds.history_total - feeds.history_done, "Series without their first history."),
        Sample("clock_offset_seconds", clock.offset_ms / 1e3, "How far the exchange's clock is ahead of this machine's."),
    ]
    if clock.drift_ppm is not None:
        found.append(Sample("clock_drift_ppm", clock.drift_ppm, "How much faster the exchange's clock runs, in millionths."))
    found += _quantiles("event_lag_seconds", feeds.event_lag, "From the exchange's stamp on a message to its bar in the candles.")
    found += _quantiles("close_lag_seconds", feeds.close_lag, "From the end of a bar to its close in the candles.")
    return found


def _quantiles(name: str, found: Quantiles, text: str) -> list[Sample]:
    pairs = (("0.5", found.p50_ms), ("0.99", found.p99_ms))
    return [Sample(name, value / 1e3, text, labels={"quantile": share}) for share, value in pairs if value is not None]


def _numbers(prefix: str, values: Mapping[str, Any], text: str) -> list[Sample]:
    """One gauge per number of a document; texts and nulls are left out."""
    return [
        Sample(f"{prefix}_{name}", float(value), f"{text} ({name.replace('_', ' ')})")
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
