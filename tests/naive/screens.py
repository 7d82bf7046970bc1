"""Slow twins of the conditions that last, and of bars since something was so."""

import math
from collections.abc import Sequence

Values = Sequence[float]


def lasted(held: Sequence[bool], period: int) -> list[bool]:
    return [bar + 1 >= period and all(held[bar + 1 - period : bar + 1]) for bar in range(len(held))]


def above(a: Values, b: Values, period: int = 1) -> list[bool]:
    return lasted([x > y for x, y in zip(a, b, strict=True)], period)


def below(a: Values, b: Values, period: int = 1) -> list[bool]:
    return above(b, a, period)


def rising(values: Values, period: int) -> list[bool]:
    return [
        bar >= period and all(values[at] > values[at - 1] for at in range(bar + 1 - period, bar + 1))
        for bar in range(len(values))
    ]


def falling(values: Values, period: int) -> list[bool]:
    return rising([-value for value in values], period)


def bars_since(condition: Values) -> list[float]:
    found = [[bar - at for at in range(bar + 1) if condition[at]] for bar in range(len(condition))]
    return [float(min(distances)) if distances else math.nan for distances in found]


def highest_bars(values: Values, period: int) -> list[float]:
    out = [math.nan] * len(values)
    for bar in range(period - 1, len(values)):
        newest_first = list(reversed(values[bar + 1 - period : bar + 1]))
        out[bar] = float(newest_first.index(max(newest_first)))
    return out


def lowest_bars(values: Values, period: int) -> list[float]:
    return highest_bars([-value for value in values], period)
