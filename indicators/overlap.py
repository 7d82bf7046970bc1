"""Averages and bands that are drawn over the price: SMA, EMA, WMA, Bollinger bands."""

from typing import Any

from indicators import checks
from indicators.entry import Entry, Result

SMA = Entry(
    name="sma",
    group="overlap",
    summary="Simple moving average",
    source="arithmetic mean of the window; TA-Lib SMA",
    inputs=("real",),
    outputs=("sma",),
    parameters={"period": checks.period(30, low=1)},
    leading=lambda period: period - 1,
    module="overlap",
)

EMA = Entry(
    name="ema",
    group="overlap",
    summary="Exponential moving average",
    source="weight 2 / (period + 1), seeded with the first window's mean; TA-Lib EMA",
    inputs=("real",),
    outputs=("ema",),
    parameters={"period": checks.period(30, low=1)},
    leading=lambda period: period - 1,
    module="overlap",
)

WMA = Entry(
    name="wma",
    group="overlap",
    summary="Linearly weighted moving average",
    source="weights 1 (oldest) to period (newest); TA-Lib WMA",
    inputs=("real",),
    outputs=("wma",),
    parameters={"period": checks.period(30, low=1)},
    leading=lambda period: period - 1,
    module="overlap",
)

BBANDS = Entry(
    name="bbands",
    group="overlap",
    summary="Bollinger bands",
    source="J. Bollinger, Bollinger on Bollinger Bands (2001); TA-Lib BBANDS",
    inputs=("real",),
    outputs=("upper", "middle", "lower"),
    parameters={
        "period": checks.period(20),
        "nbdevup": checks.factor(2.0),
        "nbdevdn": checks.factor(2.0),
        "matype": checks.matype(),
    },
    leading=lambda period, **_: period - 1,
    module="bands",
)

ENTRIES = (SMA, EMA, WMA, BBANDS)


def sma(real: Any, period: int = 30) -> Result:
    """Simple moving average: the mean of the last `period` values.

    Args:
        real: (bars,) or (bars, symbols), numbers.
        period: 1 to 100,000 bars.

    Returns:
        float64 of the same shape; the first `period - 1` values after a series' first one are NaN.

    Raises:
        IndicatorError, TypeError: as every function of this package, see `indicators`.
    """
    return SMA((real,), (period,))


def ema(real: Any, period: int = 30) -> Result:
    """Exponential moving average: `previous + (value - previous) * 2 / (period + 1)`, seeded with the first SMA.

    Args:
        real: (bars,) or (bars, symbols), numbers.
        period: 1 to 100,000 bars.

    Returns:
        float64 of the same shape; the first `period - 1` values are NaN.
    """
    return EMA((real,), (period,))


def wma(real: Any, period: int = 30) -> Result:
    """Weighted moving average: the newest of `period` values counts `period` times, the oldest once.

    Args:
        real: (bars,) or (bars, symbols), numbers.
        period: 1 to 100,000 bars.

    Returns:
        float64 of the same shape; the first `period - 1` values are NaN.
    """
    return WMA((real,), (period,))


def bbands(real: Any, period: int = 20, nbdevup: float = 2.0, nbdevdn: float = 2.0, matype: int = 0) -> Result:
    """Bollinger bands: a moving average, and `nbdev` population standard deviations of the window above and below it.

    Args:
        real: (bars,) or (bars, symbols), numbers.
        period: 2 to 100,000 bars, for average and deviation.
        nbdevup: deviations from the middle to the upper band.
        nbdevdn: deviations from the middle to the lower band.
        matype: average of the middle band: 0 SMA, 1 EMA, 2 WMA.

    Returns:
        `upper, middle, lower`, each float64 of the same shape; the first `period - 1` values are NaN.
    """
    return BBANDS((real,), (period, nbdevup, nbdevdn, matype))
