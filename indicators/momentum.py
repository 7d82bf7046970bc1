"""Speed and place of the price: RSI, MACD, stochastic, CCI."""

from typing import Any

from indicators import checks
from indicators.entry import Entry, Result

RSI = Entry(
    name="rsi",
    group="momentum",
    summary="Relative strength index",
    source="J. W. Wilder, New Concepts in Technical Trading Systems (1978); TA-Lib RSI",
    inputs=("real",),
    outputs=("rsi",),
    parameters={"period": checks.period(14)},
    leading=lambda period: period,
    module="momentum",
)

MACD = Entry(
    name="macd",
    group="momentum",
    summary="Moving average convergence divergence",
    source="G. Appel, The Moving Average Convergence-Divergence Trading Method (1979); TA-Lib MACD",
    inputs=("real",),
    outputs=("macd", "signal", "hist"),
    parameters={
        "fastperiod": checks.period(12),
        "slowperiod": checks.period(26),
        "signalperiod": checks.period(9, low=1),
    },
    leading=lambda fastperiod, slowperiod, signalperiod: max(fastperiod, slowperiod) + signalperiod - 2,
    module="momentum",
)

STOCH = Entry(
    name="stoch",
    group="momentum",
    summary="Stochastic oscillator, slow",
    source="G. C. Lane, Lane's Stochastics (1984); TA-Lib STOCH",
    inputs=("high", "low", "close"),
    outputs=("slowk", "slowd"),
    parameters={
        "fastk_period": checks.period(5, low=1),
        "slowk_period": checks.period(3, low=1),
        "slowk_matype": checks.matype(),
        "slowd_period": checks.period(3, low=1),
        "slowd_matype": checks.matype(),
    },
    leading=lambda fastk_period, slowk_period, slowd_period, **_: fastk_period + slowk_period + slowd_period - 3,
    module="oscillators",
)

CCI = Entry(
    name="cci",
    group="momentum",
    summary="Commodity channel index",
    source="D. R. Lambert, Commodity Channel Index (1980); TA-Lib CCI",
    inputs=("high", "low", "close"),
    outputs=("cci",),
    parameters={"period": checks.period(14)},
    leading=lambda period: period - 1,
    module="oscillators",
)

ENTRIES = (RSI, MACD, STOCH, CCI)


def rsi(real: Any, period: int = 14) -> Result:
    """Relative strength index: average gain in percent of average gain plus average loss, Wilder's averages.

    Args:
        real: (bars,) or (bars, symbols), numbers.
        period: 2 to 100,000 bars.

    Returns:
        float64 of the same shape, 0 to 100, 0 where nothing moved at all; the first `period` values are NaN.
    """
    return RSI((real,), (period,))


def macd(real: Any, fastperiod: int = 12, slowperiod: int = 26, signalperiod: int = 9) -> Result:
    """Moving average convergence divergence: fast EMA minus slow EMA, the EMA of that, and their difference.

    Both EMA are seeded with windows that end on the same bar. Periods in the wrong order are swapped, as TA-Lib does.

    Args:
        real: (bars,) or (bars, symbols), numbers.
        fastperiod: 2 to 100,000 bars.
        slowperiod: 2 to 100,000 bars.
        signalperiod: 1 to 100,000 bars.

    Returns:
        `macd, signal, hist`, each float64 of the same shape; the first `slowperiod + signalperiod - 2` values of all
        three are NaN.
    """
    return MACD((real,), (fastperiod, slowperiod, signalperiod))


def stoch(
    high: Any,
    low: Any,
    close: Any,
    fastk_period: int = 5,
    slowk_period: int = 3,
    slowk_matype: int = 0,
    slowd_period: int = 3,
    slowd_matype: int = 0,
) -> Result:
    """Stochastic oscillator: where the close stands between lowest low and highest high, smoothed once and twice.

    Args:
        high: (bars,) or (bars, symbols), numbers.
        low: as `high`.
        close: as `high`.
        fastk_period: 1 to 100,000 bars, for the range.
        slowk_period: 1 to 100,000 bars, for the first smoothing.
        slowk_matype: 0 SMA, 1 EMA, 2 WMA.
        slowd_period: 1 to 100,000 bars, for the second smoothing.
        slowd_matype: 0 SMA, 1 EMA, 2 WMA.

    Returns:
        `slowk, slowd`, each float64 of the same shape, 0 to 100 (0 for a window without range); the first
        `fastk_period + slowk_period + slowd_period - 3` values of both are NaN.
    """
    return STOCH((high, low, close), (fastk_period, slowk_period, slowk_matype, slowd_period, slowd_matype))


def cci(high: Any, low: Any, close: Any, period: int = 14) -> Result:
    """Commodity channel index: typical price minus its mean, in units of 0.015 mean absolute deviations.

    Args:
        high: (bars,) or (bars, symbols), numbers.
        low: as `high`.
        close: as `high`.
        period: 2 to 100,000 bars; the time needed grows with it.

    Returns:
        float64 of the same shape, 0 where the window is flat; the first `period - 1` values are NaN.
    """
    return CCI((high, low, close), (period,))
