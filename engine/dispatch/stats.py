"""How the dispatcher is doing, as plain numbers for status, metrics and benchmarks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stats:
    """Plain numbers for status and metrics."""

    target: int
    ready: int
    pids: tuple[int, ...]
    #: Workers that wait for a seat, ready and holding what the others hold.
    spares: int
    spare_pids: tuple[int, ...]
    open_questions: int
    open_cycles: int
    suspects: int
    cycle_p50_ms: float
    cycle_p99_ms: float
    rss_bytes: int
    memory_hits: int
    memory_misses: int
    memory_bytes: int
    #: Memory that is the spares' alone.
    spares_bytes: int
    counts: dict[str, int] = field(default_factory=dict)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted numbers lie (nearest rank); 0 for none."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
