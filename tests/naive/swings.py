"""Slow twins of swings, divergences and pivots."""

import math
from collections.abc import Sequence

Values = Sequence[float]


def is_swing(values: Values, bar: int, period: int) -> bool:
    """Whether a bar with `period` bars on each side stands out upwards."""
    return values[bar] > max(values[bar - period : bar]) and values[bar] >= max(values[bar + 1 : bar + 1 + period])


def swings(values: Values, until: int, period: int) -> list[int]:
    """The swing highs that somebody who has seen the bars up to `until` knows of."""
    return [bar for bar in range(period, until - period + 1) if is_swing(values, bar, period)]


def swing_high(values: Values, period: int) -> list[float]:
    known = [swings(values, bar, period) for bar in range(len(values))]
    return [values[bars[-1]] if bars else math.nan for bars in known]


def swing_low(values: Values, period: int) -> list[float]:
    return [-value for value in swing_high([-value for value in values], period)]


def divergence(price: Values, oscillator: Values, period: int) -> list[int]:
    out = []
    mirrored = [-value for value in price]
    for bar in range(len(price)):
        code = 0
        tops, bottoms = swings(price, bar, period), swings(mirrored, bar, period)
        if len(tops) > 1 and tops[-1] + period == bar:
            old, new = tops[-2:]
            if price[new] > price[old] and oscillator[new] < oscillator[old]:
                code = -1
            elif price[new] < price[old] and oscillator[new] > oscillator[old]:
                code = -2
        if len(bottoms) > 1 and bottoms[-1] + period == bar:
            old, new = bottoms[-2:]
            if price[new] < price[old] and oscillator[new] > oscillator[old]:
                code = 1
            elif price[new] > price[old] and oscillator[new] < oscillator[old]:
                code = 2
        out.append(code)
    return out


def pivots(high: Values, low: Values, close: Values, period: int) -> tuple[list[float], ...]:
    rows: list[tuple[float, ...]] = []
    for bar in range(len(close)):
        if bar < period:
            rows.append((math.nan,) * 7)
            continue
        top, bottom = max(high[bar - period : bar]), min(low[bar - period : bar])
        p = math.fsum([top, bottom, close[bar - 1]]) / 3
        resistances = 2 * p - bottom, p + top - bottom, top + 2 * (p - bottom)
        supports = 2 * p - top, p - top + bottom, bottom - 2 * (top - p)
        rows.append((p, *resistances, *supports))
    return tuple(list(column) for column in zip(*rows, strict=True))
