"""The feeds of an engine at one moment, as plain values, and the document that `engine status` and `/status` show of them.

Gathered from the feed by `gather`; nothing here decides anything.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.base.clock import iso_utc
from engine.feeds.facts import ClockFacts, SeriesFacts
from engine.feeds.feed import Feed
from engine.feeds.freshness import State
from engine.feeds.incidents import Jump, Revision
from engine.feeds.lag import Quantiles
from engine.supervisor.waiting import worst_first

NO_CLOCK = ClockFacts(0.0, 0.0, None, 1.0, False, 0)
NO_QUANTILES = Quantiles(None, None)
#: Series, and corrected or leaping bars, that a document names at most.
NAMED_MAX = 10


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """Times in ms or seconds as named, counts since the start."""

    series: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(map(str, State), 0))
    #: Series that are not live, the gravest first.
    troubles: Sequence[SeriesFacts] = ()
    stats: Mapping[str, int] = field(default_factory=dict)
    clock: ClockFacts = NO_CLOCK
    history_done: int = 0
    history_total: int = 0
    history_seconds_left: float | None = None
    #: Why history that was asked for does not come.
    history_problem: str = ""
    weight_used: int = 0
    weight_limit: int = 0
    #: How long nothing may be sent, because the exchange said so.
    pause_s: float = 0.0
    is_banned: bool = False
    #: From the exchange's stamp on a message to its bar in the candles.
    event_lag: Quantiles = NO_QUANTILES
    #: From the end of a bar to its close in the candles.
    close_lag: Quantiles = NO_QUANTILES
    corrected: Sequence[Mapping[str, str]] = ()
    #: Why a connection is not up, or a request failed.
    problem: str = ""


def gather(feed: Feed, close_lag: Quantiles) -> FeedFacts:
    """The feeds at this moment."""
    counts = feed.states()
    loading, budget, pause = feed.loading, feed.rest.budget, feed.rest.pause
    waiting = feed.waiting(1)
    now_s = time.monotonic()
    return FeedFacts(
        series=counts,
        troubles=worst_first(feed.series()) if counts[State.LIVE] < sum(counts.values()) else (),
        stats=feed.stats,
        clock=feed.clock_facts,
        history_done=loading.done,
        history_total=loading.total,
        history_seconds_left=loading.seconds_left,
        history_problem=f"{waiting[0].symbol} {waiting[0].interval}: {waiting[0].reason}" if waiting else "",
        weight_used=budget.used,
        weight_limit=budget.limit,
        pause_s=pause.left_s(now_s),
        is_banned=pause.banned(now_s),
        event_lag=feed.event_lag,
        close_lag=close_lag,
        corrected=_corrected(feed),
        problem=feed.problem,
    )


def _corrected(feed: Feed) -> list[dict[str, str]]:
    """The last bars that the exchange corrected, and the last prices that leapt."""
    last: list[Revision | Jump] = [*list(feed.incidents.revisions)[-NAMED_MAX:], *list(feed.incidents.jumps)[-NAMED_MAX:]]
    return [
        {"symbol": one.symbol, "interval": one.interval, "bar_open_time": iso_utc(one.open_ms), "what": str(one)} for one in last
    ]


def document(facts: FeedFacts) -> dict[str, Any]:
    """The entry `feeds` of `/status`."""
    clock = facts.clock
    return {
        "series": dict(facts.series),
        "worst": [_series(one) for one in facts.troubles[:NAMED_MAX]],
        "history": {
            "done": facts.history_done,
            "total": facts.history_total,
            "seconds_left": _rounded(facts.history_seconds_left),
            "problem": facts.history_problem,
        },
        "weight": {
            "used": facts.weight_used,
            "limit": facts.weight_limit,
            "pause_s": _rounded(facts.pause_s),
            "banned": facts.is_banned,
        },
        "clock": {
            "offset_ms": round(clock.offset_ms),
            "error_ms": _rounded(clock.error_ms),
            "drift_ppm": _rounded(clock.drift_ppm),
            "rate": round(clock.rate, 3),
            "warned": clock.warned,
        },
        "lag_ms": {
            "event_p50": _rounded(facts.event_lag.p50_ms),
            "event_p99": _rounded(facts.event_lag.p99_ms),
            "close_p50": _rounded(facts.close_lag.p50_ms),
            "close_p99": _rounded(facts.close_lag.p99_ms),
        },
        "counts": dict(facts.stats),
        "corrected": list(facts.corrected),
        "problem": facts.problem,
    }


def _series(one: SeriesFacts) -> dict[str, Any]:
    return {
        "symbol": one.symbol,
        "interval": one.interval,
        "state": one.state.value,
        "since": iso_utc(one.since_ms),
        "last_event": iso_utc(one.last_event_ms) if one.last_event_ms > 0 else None,
        "last_closed_bar": iso_utc(one.last_closed_ms) if one.last_closed_ms > 0 else None,
        "reason": one.reason,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
