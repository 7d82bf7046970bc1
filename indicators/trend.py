"""Direction and turning points: ADX, crossings, highest and lowest."""

from typing import Any

from indicators import checks
from indicators.entry import Entry, Result

ADX = Entry(
    name="adx",
    group="trend",
    summary="Average directional movement index",
    source="J. W. Wilder, New Concepts in Technical Trading Systems (1978); TA-Lib ADX",
    inputs=("high", "low", "close"),
    outputs=("adx",),
    parameters={"period": checks.period(14)},
    leading=lambda period: 2 * period - 1,
    module="trend",
)

HIGHEST = Entry(
    name="highest",
    group="trend",
    summary="Highest value of the window",
    source="TA-Lib MAX",
    inputs=("real",),
    outputs=("highest",),
    parameters={"period": checks.period(30)},
    leading=lambda period: period - 1,
    module="extremes",
)

LOWEST = Entry(
    name="lowest",
    group="trend",
    summary="Lowest value of the window",
    source="TA-Lib MIN",
    inputs=("real",),
    outputs=("lowest",),
    parameters={"period": checks.period(30)},
    leading=lambda period: period - 1,
    module="extremes",
)

CROSSED_ABOVE = Entry(
    name="crossed_above",
    group="trend",
    summary="Whether a rose above b on this bar",
    source="a <= b one bar ago and a > b now",
    inputs=("a", "b"),
    outputs=("crossed_above",),
    leading=lambda: 1,
    module="trend",
    boolean=True,
)

CROSSED_BELOW = Entry(
    name="crossed_below",
    group="trend",
    summary="Whether a fell below b on this bar",
    source="a >= b one bar ago and a < b now",
    inputs=("a", "b"),
    outputs=("crossed_below",),
    leading=lambda: 1,
    module="trend",
    boolean=True,
)

ENTRIES = (ADX, HIGHEST, LOWEST, CROSSED_ABOVE, CROSSED_BELOW)


def adx(high: Any, low: Any, close: Any, period: int = 14) -> Result:
    """Average directional movement index: strength of a trend in either direction, Wilder's averages.

    Args:
        high: (bars,) or (bars, symbols), numbers.
        low: as `high`.
        close: as `high`.
        period: 2 to 100,000 bars.

    Returns:
        float64 of the same shape, 0 to 100; the first `2 * period - 1` values are NaN.
    """
    return ADX((high, low, close), (period,))


def highest(real: Any, period: int = 30) -> Result:
    """Highest of the last `period` values, this one included.

    Args:
        real: (bars,) or (bars, symbols), numbers.
        period: 2 to 100,000 bars.

    Returns:
        float64 of the same shape; the first `period - 1` values are NaN.
    """
    return HIGHEST((real,), (period,))


def lowest(real: Any, period: int = 30) -> Result:
    """Lowest of the last `period` values, this one included.

    Args:
        real: (bars,) or (bars, symbols), numbers.
        period: 2 to 100,000 bars.

    Returns:
        float64 of the same shape; the first `period - 1` values are NaN.
    """
    return LOWEST((real,), (period,))


def crossed_above(a: Any, b: Any) -> Result:
    """Where `a` rose above `b`: `a <= b` one bar ago and `a > b` now.

    Args:
        a: (bars,) or (bars, symbols), numbers; or one number.
        b: as `a`; not both may be one number.

    Returns:
        bool of the same shape; False on the first bar and wherever one of the four values is NaN.
    """
    return CROSSED_ABOVE((a, b))


def crossed_below(a: Any, b: Any) -> Result:
    """Where `a` fell below `b`: `a >= b` one bar ago and `a < b` now.

    Args:
        a: (bars,) or (bars, symbols), numbers; or one number.
        b: as `a`; not both may be one number.

    Returns:
        bool of the same shape; False on the first bar and wherever one of the four values is NaN.
    """
    return CROSSED_BELOW((a, b))
