"""Slow twins of the indicators, written from their definitions: every value looks at its own window, sums are exact.

No running sums, no numpy, no compiled code: what they share with the kernels is only the definition. Each takes lists of
floats without a lead-in of NaN and gives lists of the same length (a tuple of lists for several outputs).
"""

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise

from tests.naive.averages import (  # noqa: F401
    average,
    dema,
    ema,
    hma,
    kama,
    late,
    mean,
    rma,
    sma,
    smoothed,
    t3,
    tema,
    trima,
    windows,
    wma,
    zlema,
)
from tests.naive.extras import (  # noqa: F401
    choppiness,
    connors_rsi,
    envelope,
    fisher,
    ichimoku,
    linear_channel,
    squeeze,
    squeeze_momentum,
    stoch_of,
    volume_profile,
    vwap_anchored,
    zscore,
)
from tests.naive.screens import above, bars_since, below, falling, highest_bars, lowest_bars, rising  # noqa: F401
from tests.naive.swings import divergence, pivots, swing_high, swing_low  # noqa: F401
from tests.naive.vwap import vwap_rolling, vwap_session  # noqa: F401

Values = Sequence[float]
NAN = math.nan


def bbands(values: Values, period: int, nbdevup: float, nbdevdn: float, matype: int) -> tuple[list[float], ...]:
    deviation = windows(values, period, statistics.pstdev)
    pairs = zip(average(values, period, matype), deviation, strict=True)
    middle = [NAN if math.isnan(spread) else at for at, spread in pairs]
    upper = [m + nbdevup * d for m, d in zip(middle, deviation, strict=True)]
    lower = [m - nbdevdn * d for m, d in zip(middle, deviation, strict=True)]
    return upper, middle, lower


def wilder(values: Values, period: int) -> list[float]:
    return smoothed(values, period, 1 / period)


def rsi(values: Values, period: int) -> list[float]:
    changes = [after - before for before, after in pairwise(values)]
    gains = wilder([max(change, 0.0) for change in changes], period)
    losses = wilder([max(-change, 0.0) for change in changes], period)
    index = [100 * up / (up + down) if up + down else 0.0 for up, down in zip(gains, losses, strict=True)]
    return late([NAN if math.isnan(up) else value for up, value in zip(gains, index, strict=True)], 1)[: len(values)]


def macd(values: Values, fastperiod: int, slowperiod: int, signalperiod: int) -> tuple[list[float], ...]:
    fast, slow = sorted((fastperiod, slowperiod))
    lag = slow - fast
    quick = late(ema(values[lag:], fast), lag)[: len(values)]
    line = [a - b for a, b in zip(quick, ema(values, slow), strict=True)]
    signal = late(ema(line[slow - 1 :], signalperiod), slow - 1)[: len(values)]
    shown = [NAN if math.isnan(s) else m for m, s in zip(line, signal, strict=True)]
    return shown, signal, [m - s for m, s in zip(shown, signal, strict=True)]


def true_ranges(high: Values, low: Values, close: Values) -> list[float]:
    """From the second bar on."""
    return [
        max(top - bottom, abs(top - before), abs(bottom - before))
        for top, bottom, before in zip(high[1:], low[1:], close, strict=False)
    ]


def atr(high: Values, low: Values, close: Values, period: int) -> list[float]:
    return late(wilder(true_ranges(high, low, close), period), 1)[: len(high)]


def stoch(
    high: Values,
    low: Values,
    close: Values,
    fastk_period: int,
    slowk_period: int,
    slowk_matype: int,
    slowd_period: int,
    slowd_matype: int,
) -> tuple[list[float], ...]:
    bars, lag = len(high), fastk_period - 1
    fast = [
        100 * (last - bottom) / (top - bottom) if top > bottom else 0.0
        for last, top, bottom in zip(close, windows(high, fastk_period, max), windows(low, fastk_period, min), strict=True)
    ][lag:]
    slowk = late(average(fast, slowk_period, slowk_matype), lag)[:bars]
    lag += slowk_period - 1
    slowd = late(average(slowk[lag:], slowd_period, slowd_matype), lag)[:bars]
    return [NAN if math.isnan(d) else k for k, d in zip(slowk, slowd, strict=True)], slowd


def cci(high: Values, low: Values, close: Values, period: int) -> list[float]:
    def index(window: Values) -> float:
        centre = mean(window)
        deviation = mean([abs(value - centre) for value in window])
        return (window[-1] - centre) / (0.015 * deviation) if deviation > 1e-14 * abs(centre) else 0.0

    return windows(typical_prices(high, low, close), period, index)


def typical_prices(high: Values, low: Values, close: Values) -> list[float]:
    return [sum(bar) / 3 for bar in zip(high, low, close, strict=True)]


def adx(high: Values, low: Values, close: Values, period: int) -> list[float]:
    rises = [after - before for before, after in pairwise(high)]
    falls = [before - after for before, after in pairwise(low)]
    plus = [rise if rise > max(fall, 0) else 0.0 for rise, fall in zip(rises, falls, strict=True)]
    minus = [fall if fall > max(rise, 0) else 0.0 for rise, fall in zip(rises, falls, strict=True)]
    up, down = wilder_sums(plus, period), wilder_sums(minus, period)
    reach = wilder_sums(true_ranges(high, low, close), period)
    average_index = NAN
    out = [NAN] * len(high)
    indices: list[float] = []
    for bar in range(period, len(high)):
        total = up[bar - 1] + down[bar - 1]
        moved = reach[bar - 1] > 0 and total > 0
        index = 100 * abs(up[bar - 1] - down[bar - 1]) / total if moved else (0.0 if len(indices) < period else average_index)
        indices.append(index)
        if len(indices) == period:
            average_index = mean(indices)
        elif len(indices) > period:
            average_index += (index - average_index) / period
        out[bar] = average_index
    return out


def wilder_sums(steps: Values, period: int) -> list[float]:
    """Wilder's running total: plain over the first `period - 1` steps, then each time a `period`-th less, plus the step."""
    out: list[float] = []
    for number, step in enumerate(steps, start=1):
        before = out[-1] if out else 0.0
        out.append(before - (before / period if number >= period else 0.0) + step)
    return out


def obv(values: Values, volume: Values) -> list[float]:
    signs = [1.0] + [math.copysign(1.0, b - a) if b != a else 0.0 for a, b in pairwise(values)]
    return [math.fsum(s * v for s, v in zip(signs[: bar + 1], volume, strict=False)) for bar in range(len(values))]


def vwap(high: Values, low: Values, close: Values, volume: Values) -> list[float]:
    prices = typical_prices(high, low, close)
    out = []
    for bar in range(1, len(prices) + 1):
        traded = math.fsum(volume[:bar])
        paid = math.fsum(p * v for p, v in zip(prices[:bar], volume, strict=False))
        out.append(paid / traded if traded > 0 else 0.0)
    return out


def highest(values: Values, period: int) -> list[float]:
    return windows(values, period, max)


def lowest(values: Values, period: int) -> list[float]:
    return windows(values, period, min)


def crossed_above(a: Values, b: Values) -> list[bool]:
    return [bar > 0 and a[bar - 1] <= b[bar - 1] and a[bar] > b[bar] for bar in range(len(a))]


def crossed_below(a: Values, b: Values) -> list[bool]:
    return [bar > 0 and a[bar - 1] >= b[bar - 1] and a[bar] < b[bar] for bar in range(len(a))]
