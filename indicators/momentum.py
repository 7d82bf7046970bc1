"""Speed and place of the price: RSI, MACD, stochastic, CCI."""

from indicators import checks
from indicators.entry import Entry

RSI = Entry(
    name="rsi",
    group="momentum",
    summary="Relative strength index",
    about=(
        "Average gain in percent of average gain plus average loss, 0 to 100, 0 where nothing moved at all; "
        "Wilder's averages, seeded with the plain mean of the first changes"
    ),
    source="J. W. Wilder, New Concepts in Technical Trading Systems (1978); TA-Lib RSI",
    inputs=("real",),
    outputs=("rsi",),
    parameters={"period": checks.period(14)},
    leading=lambda period: period,
    module="momentum",
    state=2,
    talib="RSI",
)

MACD = Entry(
    name="macd",
    group="momentum",
    summary="Moving average convergence divergence",
    about=(
        "Fast EMA minus slow EMA, the EMA of that, and their difference. Both EMA are seeded with windows that end "
        "on the same bar. Periods in the wrong order are swapped, as TA-Lib does"
    ),
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
    state=3,
    talib="MACD",
)

STOCH = Entry(
    name="stoch",
    group="momentum",
    summary="Stochastic oscillator, slow",
    about=(
        "Where the close stands between lowest low and highest high, 0 to 100 (0 for a window without range), "
        "smoothed once and twice"
    ),
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
    state=lambda fastk_period, slowk_period, slowd_period, **_: 10 + 2 * fastk_period + slowk_period + slowd_period,
    talib="STOCH",
)

CCI = Entry(
    name="cci",
    group="momentum",
    summary="Commodity channel index",
    about=(
        "Typical price minus its mean, in units of 0.015 mean absolute deviations; 0 where the window is flat. The "
        "time needed grows with the period"
    ),
    source="D. R. Lambert, Commodity Channel Index (1980); TA-Lib CCI",
    inputs=("high", "low", "close"),
    outputs=("cci",),
    parameters={"period": checks.period(14)},
    leading=lambda period: period - 1,
    module="oscillators",
    state=lambda period: 2 + period,
    talib="CCI",
)

ENTRIES = (RSI, MACD, STOCH, CCI)
