"""Two documents of `engine bench` side by side: what became slower or faster, measured in the yardsticks of each. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

#: What a unit of time is compared in; wall times of two runs say little on a machine that changes its speed.
SLACK = {"p50": 1.25, "p95": 1.6, "p99": 1.6}
SLACK_ELSE = 1.25
UNITS = ("ms", "us", "s", "mb")


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a number that both have: `ratio` above 1 is slower (or larger) now, after both are put into units of their run."""
    speed = _speed(old, new)
    rows = []
    for (suite, case), was in _cases(old):
        now = dict(_cases(new)).get((suite, case))
        if now is None:
            continue
        for name in was.keys() & now.keys():
            if name.rpartition("_")[2] in UNITS and was[name]:
                ratio = now[name] / was[name] / (1.0 if name.endswith("mb") else speed)
                row = {"suite": suite, "case": case, "number": name, "was": was[name], "now": now[name], "ratio": round(ratio, 2)}
                rows.append(row | {"verdict": verdict(name, ratio)})
    return sorted(rows, key=lambda row: (row["suite"], row["case"], row["number"]))


def verdict(name: str, ratio: float) -> str:
    """`slower`, `faster`, or empty within what chance explains; tails get more room."""
    slack = next((room for part, room in SLACK.items() if part in name), SLACK_ELSE)
    return "slower" if ratio > slack else "faster" if ratio < 1 / slack else ""


def _speed(old: Mapping[str, Any], new: Mapping[str, Any]) -> float:
    """How much slower the machine itself is now: the mean of the yardsticks' ratios that both runs have."""
    ratios = [
        _yard(new, name) / _yard(old, name) for name in ("u1_ms", "u3_p50_us", "u4_us") if _yard(old, name) and _yard(new, name)
    ]
    return sum(ratios) / len(ratios) if ratios else 1.0


def _yard(document: Mapping[str, Any], name: str) -> float:
    both = document.get("yardsticks", {})
    values = [both[when][name] for when in ("before", "after") if name in both.get(when, {})]
    return sum(values) / len(values) if values else 0.0


def _cases(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, float]]]:
    for suite, found in document.get("suites", {}).items():
        for row in found["rows"]:
            yield (suite, row["case"]), {name: value for name, value in row.items() if isinstance(value, int | float)}
