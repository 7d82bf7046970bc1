"""How far the price moves: true range, its averages, and what is made of the day's range and of deviations."""

from indicators import checks
from indicators.entry import Entry

ADR = Entry(
    name="adr",
    group="volatility",
    summary="Average day range",
    about=(
        "Simple moving average of high minus low. Gaps between bars do not count; for those see atr. In units of price, "
        "not in percent as some charts show it"
    ),
    source="arithmetic mean of high - low over the window; TA-Lib ADR (0.8)",
    inputs=("high", "low"),
    outputs=("adr",),
    parameters={"period": checks.period(14, low=1)},
    leading=lambda period: period - 1,
    module="day_ranges",
    state=1,
    talib="ADR",
)

ATR = Entry(
    name="atr",
    group="volatility",
    summary="Average true range",
    about=("Wilder's average of the true range, seeded with the plain mean of the first ranges; the first bar has no true range"),
    source="J. W. Wilder, New Concepts in Technical Trading Systems (1978); TA-Lib ATR",
    inputs=("high", "low", "close"),
    outputs=("atr",),
    parameters={"period": checks.period(14, low=1)},
    leading=lambda period: period,
    module="volatility",
    state=1,
    talib="ATR",
)

CVI = Entry(
    name="cvi",
    group="volatility",
    summary="Chaikin's volatility",
    about=(
        "Change in percent, over rocperiod bars, of the EMA of high minus low; 0 where that EMA was 0. The EMA is seeded "
        "with the mean of its first window. Some tools measure the change of an average of the closes instead"
    ),
    source="M. Chaikin, volatility as the rate of change of the smoothed trading range; TA-Lib CVI (0.8)",
    inputs=("high", "low"),
    outputs=("cvi",),
    parameters={"period": checks.period(10), "rocperiod": checks.period(10, low=1)},
    leading=lambda period, rocperiod: period - 1 + rocperiod,
    module="day_ranges",
    state=lambda rocperiod, **_: 2 + rocperiod,
    talib="CVI",
)

MASSI = Entry(
    name="massi",
    group="volatility",
    summary="Mass index",
    about=(
        "Sum over slowperiod bars of the EMA of high minus low divided by the EMA of that EMA; a bar without any range "
        "counts 1, which is what the ratio tends to. Fastperiod is the length of both EMA. Dorsey watches for the sum of "
        "25 to rise above 27 and fall below 26.5"
    ),
    source="D. Dorsey, The Mass Index, Technical Analysis of Stocks & Commodities (1992); TA-Lib MASSI (0.8)",
    inputs=("high", "low"),
    outputs=("massi",),
    parameters={"fastperiod": checks.period(9), "slowperiod": checks.period(25)},
    leading=lambda fastperiod, slowperiod: 2 * (fastperiod - 1) + slowperiod - 1,
    module="day_ranges",
    state=lambda slowperiod, **_: 4 + slowperiod,
    talib="MASSI",
)

NATR = Entry(
    name="natr",
    group="volatility",
    summary="Average true range in percent of the close",
    about=(
        "The average true range divided by the close of its bar, times 100; 0 where the close is 0. With a period of 1 it is "
        "the true range itself, not divided by anything, as TA-Lib has it"
    ),
    source="J. Forman, Cross-Market Evaluations with Normalized Average True Range (2006); TA-Lib NATR",
    inputs=("high", "low", "close"),
    outputs=("natr",),
    parameters={"period": checks.period(14, low=1)},
    leading=lambda period: period,
    module="volatility",
    state=2,
    talib="NATR",
)

RVI = Entry(
    name="rvi",
    group="volatility",
    summary="Relative volatility index",
    about=(
        "Wilder's average of the standard deviation (population, of stddevperiod closes) of rising bars, in percent of that "
        "of rising and falling bars together; 50 where there is none. An unchanged bar counts for neither side. This is "
        "Dorsey's index of 1993 of one series; his revision of 1995 averages it over highs and lows. The relative vigor index "
        "of the same letters is another thing"
    ),
    source="D. Dorsey, The Relative Volatility Index, Technical Analysis of Stocks & Commodities (1993); TA-Lib RVI (0.8)",
    inputs=("real",),
    outputs=("rvi",),
    parameters={"period": checks.period(14, low=1), "stddevperiod": checks.period(10)},
    leading=lambda period, stddevperiod: period - 1 + stddevperiod - 1,
    module="day_ranges",
    state=8,
    talib="RVI",
)

TRANGE = Entry(
    name="trange",
    group="volatility",
    summary="True range",
    about=(
        "Greatest of the bar's range and the distances of its high and low from the close before; the first bar has no close "
        "before it and no value, as in TA-Lib, where some tools give its plain range"
    ),
    source="J. W. Wilder, New Concepts in Technical Trading Systems (1978); TA-Lib TRANGE",
    inputs=("high", "low", "close"),
    outputs=("trange",),
    leading=lambda: 1,
    module="volatility",
    talib="TRANGE",
)

ENTRIES = (ATR, NATR, TRANGE, ADR, CVI, MASSI, RVI)
