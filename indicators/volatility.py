"""How far the price moves: ATR."""

from typing import Any

from indicators import checks
from indicators.entry import Entry, Result

ATR = Entry(
    name="atr",
    group="volatility",
    summary="Average true range",
    source="J. W. Wilder, New Concepts in Technical Trading Systems (1978); TA-Lib ATR",
    inputs=("high", "low", "close"),
    outputs=("atr",),
    parameters={"period": checks.period(14, low=1)},
    leading=lambda period: period,
    module="volatility",
)

ENTRIES = (ATR,)


def atr(high: Any, low: Any, close: Any, period: int = 14) -> Result:
    """Average true range: Wilder's average of the greatest of high - low, |high - close before| and |low - close before|.

    Args:
        high: (bars,) or (bars, symbols), numbers.
        low: as `high`.
        close: as `high`.
        period: 1 to 100,000 bars; 1 gives the true range itself.

    Returns:
        float64 of the same shape; the first `period` values are NaN.
    """
    return ATR((high, low, close), (period,))
