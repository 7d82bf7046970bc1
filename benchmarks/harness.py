"""Runs suites of measurements between two looks at the yardsticks, and puts results and the machine into one document.

A suite is a module here with `run(options) -> rows`; it warms up, repeats and takes medians itself, in rounds in which all
of its cases take turns, because that is what makes them comparable on a machine that changes its speed. A row has `case` and
numbers whose unit stands last in their names; `goal` and `reached` where there is a goal.
"""

import importlib
import os
import platform
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import yardsticks
from engine.base.errors import UsageError
from engine.pool.resize import granted_cpus

SUITES = {
    "indicators": "each indicator over a block and over one series, beside TA-Lib",
    "indicator_updates": "one new bar for 100 symbols, beside streams of TA-Lib and wickra",
    "candles": "writing and reading bars in shared memory",
    "ingest": "a frame decoded, checked and written, in units of U4",
    "feeds": "3,000 streams, a burst of closes, cold start, an outage, faults by chance; against the truth",
    "dispatch": "a null task's round trip, in units of U3, beside ProcessPoolExecutor",
    "cycle": "10 and 100 traders × 100 symbols × 500 bars, in units of U1",
    "sandbox": "what its layers add to a cycle, a filter checked, a worker from its fork to its first answer",
    "end_to_end": "a close until its signal is on disk; start of the program; memory",
}
LIBRARIES = ("numpy", "numba", "msgspec", "pyzmq", "picows", "psycopg", "TA-Lib", "orjson")
#: A yardstick that differs by more between beginning and end means that the machine changed its speed.
STEADY = 1.25

OnProgress = Callable[[str], None]


class Options(NamedTuple):
    """What suites are told; None leaves the number of rounds to each."""

    rounds: int | None = None


def choose(names: Sequence[str]) -> list[str]:
    """The suites meant, all without a name; raises UsageError for one that is not there."""
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        raise UsageError("no such suite", ", ".join(unknown), f"choose from {' '.join(SUITES)}")
    return list(dict.fromkeys(names)) or list(SUITES)


def run(names: Sequence[str], options: Options, on_progress: OnProgress) -> dict[str, Any]:
    """Measure; returns the document of `engine bench --json`."""
    on_progress("yardsticks, before")
    before = yardsticks.measure()
    suites: dict[str, Any] = {}
    for name in names:
        on_progress(f"{name}: {SUITES[name]}")
        begun_s, cpu_s = time.monotonic(), _cpu_s()
        rows = importlib.import_module(f"benchmarks.{name}").run(options)
        suites[name] = {
            "rows": rows,
            "wall_s": round(time.monotonic() - begun_s, 2),
            "cpu_s": round(_cpu_s() - cpu_s, 2),
        }
        on_progress(f"{name}: done in {suites[name]['wall_s']} s")
    on_progress("yardsticks, after")
    after = yardsticks.measure()
    return {
        "machine": machine(),
        "rounds": options.rounds,
        "yardsticks": {"before": before, "after": after, "steady": is_steady(before, after)},
        "suites": suites,
    }


def is_steady(before: dict[str, float], after: dict[str, float]) -> bool:
    """Whether the machine was about as fast at the end as at the beginning; tails are left out."""
    pairs = [(before[name], after[name]) for name in before.keys() & after.keys() if "p99" not in name]
    return all(max(pair) <= STEADY * min(pair) for pair in pairs)


def machine() -> dict[str, Any]:
    """What was measured on."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "cpu": _cpu_model(),
        "cpus_granted": granted_cpus(),
        "cpus_host": os.cpu_count(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**2,
        "load": round(os.getloadavg()[0], 2),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "libraries": {name: found for name in ("engine", *LIBRARIES) if (found := _version(name))},
    }


def _cpu_s() -> float:
    """CPU time of this process and of children that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
