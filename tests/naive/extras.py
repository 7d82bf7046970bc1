"""Slow twins of the indicators that TA-Lib lacks."""

import math
import statistics
from collections.abc import Callable, Sequence
from fractions import Fraction

Values = Sequence[float]
NAN = math.nan


def over(period: int, first: int, bars: int, value: Callable[[slice], float]) -> list[float]:
    """`value` of the slice of the last `period` bars, from bar `first` on."""
    return [value(slice(bar + 1 - period, bar + 1)) if bar >= first else NAN for bar in range(bars)]


def average(values: Values) -> float:
    return math.fsum(values) / len(values)


def middle(high: Values, low: Values, period: int) -> list[float]:
    return over(period, period - 1, len(high), lambda at: (max(high[at]) + min(low[at])) / 2)


def ranges(high: Values, low: Values, close: Values) -> list[float]:
    """True ranges; the first bar has none."""
    return [NAN] + [max(high[i], close[i - 1]) - min(low[i], close[i - 1]) for i in range(1, len(high))]


def typical(high: Values, low: Values, close: Values) -> list[float]:
    return [(top + bottom + last) / 3 for top, bottom, last in zip(high, low, close, strict=True)]


def ichimoku(
    high: Values, low: Values, close: Values, conversion: int, base: int, span: int, displacement: int
) -> tuple[list[float], ...]:
    fast, slow, wide = (middle(high, low, period) for period in (conversion, base, span))
    rows = []
    for bar in range(len(close)):
        then = bar - displacement
        if then >= max(conversion, base, span) - 1:
            rows.append((fast[bar], slow[bar], (fast[then] + slow[then]) / 2, wide[then], close[then]))
        else:
            rows.append((NAN,) * 5)
    return tuple(list(column) for column in zip(*rows, strict=True))


def envelope(values: Values, period: int, percent: float) -> tuple[list[float], ...]:
    centre = over(period, period - 1, len(values), lambda at: average(values[at]))
    return [m + m * percent / 100 for m in centre], centre, [m - m * percent / 100 for m in centre]


def fitted(values: Values) -> tuple[float, float]:
    """The end of the least-squares line, and the population deviation from it."""
    slope, start = statistics.linear_regression(range(len(values)), values)
    rests = [value - start - slope * x for x, value in enumerate(values)]
    return start + slope * (len(values) - 1), math.sqrt(math.fsum(rest * rest for rest in rests) / len(values))


def linear_channel(values: Values, period: int, nbdev: float) -> tuple[list[float], ...]:
    fits = [fitted(values[bar + 1 - period : bar + 1]) if bar + 1 >= period else (NAN, NAN) for bar in range(len(values))]
    return [end + nbdev * d for end, d in fits], [end for end, _ in fits], [end - nbdev * d for end, d in fits]


def squeeze(high: Values, low: Values, close: Values, period: int, nbdev: float, nbrange: float) -> list[bool]:
    out = []
    steps = ranges(high, low, close)
    for bar in range(len(close)):
        if bar < period:
            out.append(False)
            continue
        variance = statistics.pvariance([Fraction(value) for value in close[bar + 1 - period : bar + 1]])
        width = sum(Fraction(value) for value in steps[bar + 1 - period : bar + 1]) / period * Fraction(nbrange)
        out.append(Fraction(nbdev) ** 2 * variance < width**2)
    return out


def squeeze_momentum(high: Values, low: Values, close: Values, period: int) -> list[float]:
    centre = middle(high, low, period)
    mean = over(period, period - 1, len(close), lambda at: average(close[at]))
    away = [last - (c + m) / 2 for last, c, m in zip(close, centre, mean, strict=True)]
    return over(period, 2 * (period - 1), len(close), lambda at: fitted(away[at])[0])


def choppiness(high: Values, low: Values, close: Values, period: int) -> list[float]:
    steps = ranges(high, low, close)

    def index(at: slice) -> float:
        reach = max(high[at]) - min(low[at])
        return 100 * math.log(math.fsum(steps[at]) / reach, period) if reach > 0 else 100.0

    return over(period, period, len(high), index)


def fisher(high: Values, low: Values, period: int) -> tuple[list[float], ...]:
    price = [(top + bottom) / 2 for top, bottom in zip(high, low, strict=True)]
    place = transform = 0.0
    shown, signal = [], []
    for bar in range(len(price)):
        before = transform
        if bar + 1 >= period:
            window = price[bar + 1 - period : bar + 1]
            reach = max(window) - min(window)
            share = (price[bar] - min(window)) / reach if reach else 0.5
            place = 0.33 * 2 * (share - 0.5) + 0.67 * place
            if abs(place) > 0.99:
                place = math.copysign(0.999, place)
            transform = math.atanh(place) + before / 2
        shown.append(transform if bar >= period else NAN)
        signal.append(before if bar >= period else NAN)
    return shown, signal


def strength(values: Values, period: int) -> list[float]:
    """RSI: Wilder's averages of rises and falls."""
    out = [NAN] * len(values)
    for bar in range(period, len(values)):
        changes = [values[i] - values[i - 1] for i in range(1, bar + 1)]
        rises = average([max(change, 0.0) for change in changes[:period]])
        falls = average([max(-change, 0.0) for change in changes[:period]])
        for change in changes[period:]:
            rises += (max(change, 0.0) - rises) / period
            falls += (max(-change, 0.0) - falls) / period
        out[bar] = 100 * rises / (rises + falls) if rises + falls else 0.0
    return out


def connors_rsi(values: Values, period: int, streak_period: int, rank_period: int) -> list[float]:
    streaks = [0.0]
    for bar in range(1, len(values)):
        direction = (values[bar] > values[bar - 1]) - (values[bar] < values[bar - 1])
        streaks.append(streaks[-1] + direction if streaks[-1] * direction > 0 else float(direction))
    changes = [NAN] + [(values[bar] - values[bar - 1]) / values[bar - 1] for bar in range(1, len(values))]
    price, streak = strength(values, period), strength(streaks[: len(values)], streak_period)
    out = [NAN] * len(values)
    for bar in range(max(period, streak_period, rank_period + 1), len(values)):
        smaller = [change for change in changes[bar - rank_period : bar] if change < changes[bar]]
        out[bar] = average([price[bar], streak[bar], 100 * len(smaller) / rank_period])
    return out


def stoch_of(values: Values, fastk_period: int, slowk_period: int, slowd_period: int) -> tuple[list[float], ...]:
    def place(at: slice) -> float:
        top, bottom = max(values[at]), min(values[at])
        return 100 * (values[at][-1] - bottom) / (top - bottom) if top > bottom else 0.0

    bars, first = len(values), fastk_period - 1
    fast = over(fastk_period, first, bars, place)
    slowk = over(slowk_period, first + slowk_period - 1, bars, lambda at: average(fast[at]))
    first += slowk_period + slowd_period - 2
    slowd = over(slowd_period, first, bars, lambda at: average(slowk[at]))
    return [k if bar >= first else NAN for bar, k in enumerate(slowk)], slowd


def zscore(values: Values, period: int) -> list[float]:
    def score(at: slice) -> float:
        deviation = statistics.pstdev(values[at])
        return (values[at][-1] - average(values[at])) / deviation if deviation else 0.0

    return over(period, period - 1, len(values), score)


def profile(prices: Values, volume: Values, top: float, bottom: float, bins: int) -> tuple[float, float, float]:
    held = [0.0] * bins
    for price, units in zip(prices, volume, strict=True):
        held[min(int((price - bottom) * bins / (top - bottom)), bins - 1) if top > bottom else 0] += units
    area = [held.index(max(held))]
    while sum(held[place] for place in area) < 0.7 * sum(volume):
        area.append(max((place for place in (min(area) - 1, max(area) + 1) if 0 <= place < bins), key=lambda p: (held[p], p)))
    width = (top - bottom) / bins
    return bottom + width * (area[0] + 0.5), bottom + width * min(area), bottom + width * (max(area) + 1)


def volume_profile(high: Values, low: Values, close: Values, volume: Values, period: int, bins: int) -> tuple[list[float], ...]:
    prices = typical(high, low, close)
    rows = []
    for bar in range(len(close)):
        at = slice(bar + 1 - period, bar + 1)
        rows.append(profile(prices[at], volume[at], max(high[at]), min(low[at]), bins) if bar + 1 >= period else (NAN,) * 3)
    return tuple(list(column) for column in zip(*rows, strict=True))


def weighed(prices: Values, volume: Values, otherwise: float) -> float:
    traded = math.fsum(volume)
    return math.fsum(p * v for p, v in zip(prices, volume, strict=True)) / traded if traded else otherwise


def vwap_anchored(high: Values, low: Values, close: Values, volume: Values, condition: Values) -> list[float]:
    prices = typical(high, low, close)
    out = []
    for bar in range(len(close)):
        first = max([0] + [at for at in range(bar + 1) if condition[at]])
        out.append(weighed(prices[first : bar + 1], volume[first : bar + 1], prices[bar]))
    return out
