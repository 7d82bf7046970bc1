"""Slow twins of the moving averages, by their definitions; MAMA is compared with TA-Lib only."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

Values = Sequence[float]
NAN = math.nan


def windows(values: Values, period: int, value: Callable[[Values], float]) -> list[float]:
    """`value` of the last `period` values, where there are so many."""
    return [value(values[bar + 1 - period : bar + 1]) if bar + 1 >= period else NAN for bar in range(len(values))]


def mean(values: Values) -> float:
    return math.fsum(values) / len(values)


def late(values: Values, bars: int) -> list[float]:
    """The values as if the first `bars` bars had none."""
    return [NAN] * bars + list(values)


def again(average: Callable[[Values], list[float]], values: Values) -> list[float]:
    """The average of a series that may begin with NaN."""
    missing = sum(math.isnan(value) for value in values)
    return late(average(values[missing:]), missing)


def summed(weights: Values, *series: Values) -> list[float]:
    """Weighted sum of series, bar by bar."""
    return [math.fsum(w * v for w, v in zip(weights, bar, strict=True)) for bar in zip(*series, strict=True)]


def sma(values: Values, period: int) -> list[float]:
    return windows(values, period, mean)


def smoothed(values: Values, period: int, weight: float) -> list[float]:
    """Exponential smoothing, seeded with the mean of the first `period` values."""
    out = [NAN] * len(values)
    for bar in range(period - 1, len(values)):
        out[bar] = mean(values[:period]) if bar == period - 1 else out[bar - 1] * (1 - weight) + values[bar] * weight
    return out


def ema(values: Values, period: int) -> list[float]:
    return smoothed(values, period, 2 / (period + 1))


def rma(values: Values, period: int) -> list[float]:
    return smoothed(values, period, 1 / period)


def wma(values: Values, period: int) -> list[float]:
    weights = range(1, period + 1)
    return windows(values, period, lambda window: math.fsum(w * v for w, v in zip(weights, window, strict=True)) / sum(weights))


def chain(values: Values, period: int, count: int) -> list[list[float]]:
    """EMA, EMA of the EMA, and so on."""
    out = [ema(values, period)]
    while len(out) < count:
        out.append(again(lambda part: ema(part, period), out[-1]))
    return out


def dema(values: Values, period: int) -> list[float]:
    return summed((2, -1), *chain(values, period, 2))


def tema(values: Values, period: int) -> list[float]:
    return summed((3, -3, 1), *chain(values, period, 3))


def t3(values: Values, period: int, vfactor: float) -> list[float]:
    # (1 + v - v * EMA) three times over, of three EMA
    more = 1 + vfactor
    weights = (more**3, -3 * more**2 * vfactor, 3 * more * vfactor**2, -(vfactor**3))
    return summed(weights, *chain(values, period, 6)[2:])


def trima(values: Values, period: int) -> list[float]:
    weights = [min(place, period + 1 - place) for place in range(1, period + 1)]
    return windows(values, period, lambda window: math.fsum(w * v for w, v in zip(weights, window, strict=True)) / sum(weights))


def hma(values: Values, period: int) -> list[float]:
    if period == 1:
        return list(values)
    ahead = summed((2, -1), wma(values, period // 2), wma(values, period))
    return again(lambda part: wma(part, math.isqrt(period)), ahead)


def zlema(values: Values, period: int) -> list[float]:
    lag = (period - 1) // 2
    ahead = summed((2, -1), values, late(values, lag)[: len(values)])
    return again(lambda part: ema(part, period), ahead)


def kama(values: Values, period: int) -> list[float]:
    if period == 1:
        return list(values)
    out = [NAN] * len(values)
    for bar in range(period, len(values)):
        window = values[bar - period : bar + 1]
        way = math.fsum(abs(after - before) for before, after in pairwise(window))
        progress = window[-1] - window[0]
        # A rise in one line may count as more than the way by rounding only.
        efficiency = 1.0 if way - progress <= 1e-12 * way else abs(progress) / way
        weight = (efficiency * (2 / 3 - 2 / 31) + 2 / 31) ** 2
        before = values[bar - 1] if bar == period else out[bar - 1]
        out[bar] = before + weight * (values[bar] - before)
    return out


def average(values: Values, period: int, matype: int) -> list[float]:
    kinds: dict[int, Callable[[Values, int], list[float]]] = {
        **dict(enumerate((sma, ema, wma, dema, tema, trima, kama))),
        8: lambda values, period: t3(values, period, 0.7),
        9: hma,
        10: lambda values, _: list(values),
        11: sma,
        12: zlema,
        13: rma,
    }
    return kinds[matype](values, period)
