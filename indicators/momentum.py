"""Speed of the price, from averages and sums: RSI, MACD and PPO, TRIX, TSI, CCI, MFI, ultimate oscillator."""

from indicators import checks, matypes
from indicators.entry import Entry
from indicators.matypes import average_leading, average_state


def _macdext_leading(
    fastperiod: int, fastmatype: int, slowperiod: int, slowmatype: int, signalperiod: int, signalmatype: int
) -> int:
    both = max(average_leading(fastperiod, fastmatype), average_leading(slowperiod, slowmatype))
    return both + average_leading(signalperiod, signalmatype)


def _macdext_state(
    fastperiod: int, fastmatype: int, slowperiod: int, slowmatype: int, signalperiod: int, signalmatype: int
) -> int:
    fast, slow = average_state(fastperiod, fastmatype), average_state(slowperiod, slowmatype)
    return 5 + 3 * max(fast, slow, average_state(signalperiod, signalmatype))


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
    state=3,
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

MACDEXT = Entry(
    name="macdext",
    group="momentum",
    summary="MACD with averages of any kind",
    about=(
        "Fast average minus slow average, the average of that, and their difference, each average of the kind its `matype` "
        "names. Both averages have their first value on the same bar; periods in the wrong order are swapped with their kinds"
    ),
    source="G. Appel, The Moving Average Convergence-Divergence Trading Method (1979); TA-Lib MACDEXT",
    inputs=("real",),
    outputs=("macd", "signal", "hist"),
    parameters={
        "fastperiod": checks.period(12),
        "fastmatype": checks.matype(),
        "slowperiod": checks.period(26),
        "slowmatype": checks.matype(),
        "signalperiod": checks.period(9, low=1),
        "signalmatype": checks.matype(),
    },
    leading=_macdext_leading,
    module="momentum",
    state=_macdext_state,
    talib="MACDEXT",
)

MACDFIX = Entry(
    name="macdfix",
    group="momentum",
    summary="MACD of 12 and 26 bars with fixed weights",
    about=(
        "As MACD, but the newest value weighs 0.15 in the fast and 0.075 in the slow average, as published, instead of the "
        "2/13 and 2/27 that follow from the periods"
    ),
    source="G. Appel, The Moving Average Convergence-Divergence Trading Method (1979); TA-Lib MACDFIX",
    inputs=("real",),
    outputs=("macd", "signal", "hist"),
    parameters={
        "signalperiod": checks.period(9, low=1),
    },
    leading=lambda signalperiod: 24 + signalperiod,
    module="momentum",
    state=3,
    talib="MACDFIX",
)

PPO = Entry(
    name="ppo",
    group="momentum",
    summary="Percentage price oscillator",
    about=(
        "Fast minus slow average in percent of the slow one, so that symbols compare; EMA unless `matype` says otherwise, each "
        "begun at the first bar. 0 where the slow average is (nearly) 0; periods in the wrong order are swapped"
    ),
    source="G. Appel, Technical Analysis: Power Tools for Active Investors (2005); TA-Lib PPO",
    inputs=("real",),
    outputs=("ppo",),
    parameters={
        "fastperiod": checks.period(12),
        "slowperiod": checks.period(26),
        "matype": checks.matype(matypes.EMA),
    },
    leading=lambda fastperiod, slowperiod, matype: average_leading(max(fastperiod, slowperiod), matype),
    module="momentum",
    state=lambda fastperiod, slowperiod, matype: 2 + 2 * average_state(max(fastperiod, slowperiod), matype),
    talib="PPO",
)

TRIX = Entry(
    name="trix",
    group="momentum",
    summary="Rate of change of a triple exponential average",
    about=(
        "Change in percent, from bar to bar, of the EMA of the EMA of the EMA; each EMA is seeded with the mean of its own "
        "first window. 0 where there is nothing to divide by"
    ),
    source="J. K. Hutson, Good TRIX, Technical Analysis of Stocks and Commodities (1983); TA-Lib TRIX",
    inputs=("real",),
    outputs=("trix",),
    parameters={
        "period": checks.period(30, low=1),
    },
    leading=lambda period: 3 * (period - 1) + 1,
    module="momentum",
    state=3,
    talib="TRIX",
)

TSI = Entry(
    name="tsi",
    group="momentum",
    summary="True strength index",
    about=(
        "Change from bar to bar, smoothed by two EMA in turn, in percent of its size smoothed the same way, -100 to 100; 0 "
        "where nothing moved. EMA are seeded with the mean of their first window, where some tools seed with the first value"
    ),
    source="W. Blau, Momentum, Direction, and Divergence (1995); TA-Lib TSI",
    inputs=("real",),
    outputs=("tsi",),
    parameters={
        "firstperiod": checks.period(25),
        "secondperiod": checks.period(13),
    },
    leading=lambda firstperiod, secondperiod: firstperiod + secondperiod - 1,
    module="momentum",
    state=6,
    talib="TSI",
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

MFI = Entry(
    name="mfi",
    group="momentum",
    summary="Money flow index",
    about=(
        "Typical price times volume, summed over the bars on which the typical price rose, in percent of the sum over rising "
        "and falling bars, 0 to 100; 0 for a window in which nothing was traded at a new price"
    ),
    source="G. Quong and A. Soudack, Volume-Weighted RSI: Money Flow (1989); TA-Lib MFI",
    inputs=("high", "low", "close", "volume"),
    outputs=("mfi",),
    parameters={
        "period": checks.period(14),
    },
    leading=lambda period: period,
    module="oscillators",
    state=lambda period: 5 + 2 * period,
    talib="MFI",
)

ULTOSC = Entry(
    name="ultosc",
    group="momentum",
    summary="Ultimate oscillator",
    about=(
        "Close above the true low as a share of the true range, summed over three windows and averaged with weights 4, 2 and "
        "1, the shortest window first whatever the order of the periods, 0 to 100; a window without range counts as 0"
    ),
    source="L. Williams, The Ultimate Oscillator (1985); TA-Lib ULTOSC",
    inputs=("high", "low", "close"),
    outputs=("ultosc",),
    parameters={
        "period1": checks.period(7, low=1),
        "period2": checks.period(14, low=1),
        "period3": checks.period(28, low=1),
    },
    leading=lambda **periods: max(periods.values()),
    module="oscillators",
    state=lambda **periods: 6 + 2 * max(periods.values()),
    talib="ULTOSC",
)

ENTRIES = (RSI, MACD, MACDEXT, MACDFIX, PPO, TRIX, TSI, CCI, MFI, ULTOSC)
