"""Averages and bands that are drawn over the price: the simple averages, any by number, Bollinger bands."""

from indicators import checks, matypes
from indicators.entry import Entry

SMA = Entry(
    name="sma",
    group="overlap",
    summary="Simple moving average",
    about="Arithmetic mean of the window, from a running sum, as TA-Lib adds it up",
    source="arithmetic mean of the window; TA-Lib SMA",
    inputs=("real",),
    outputs=("sma",),
    parameters={"period": checks.period(30, low=1)},
    leading=lambda period: period - 1,
    module="overlap",
    state=1,
    talib="SMA",
)

EMA = Entry(
    name="ema",
    group="overlap",
    summary="Exponential moving average",
    about="Weight 2 / (period + 1) for the newest value; seeded with the mean of the first window, as TA-Lib does",
    source="weight 2 / (period + 1), seeded with the first window's mean; TA-Lib EMA",
    inputs=("real",),
    outputs=("ema",),
    parameters={"period": checks.period(30, low=1)},
    leading=lambda period: period - 1,
    module="overlap",
    state=1,
    talib="EMA",
)

WMA = Entry(
    name="wma",
    group="overlap",
    summary="Linearly weighted moving average",
    about="Weights 1 (oldest) to period (newest)",
    source="weights 1 (oldest) to period (newest); TA-Lib WMA",
    inputs=("real",),
    outputs=("wma",),
    parameters={"period": checks.period(30, low=1)},
    leading=lambda period: period - 1,
    module="averages",
    state=3,
    talib="WMA",
)

MA = Entry(
    name="ma",
    group="overlap",
    summary="Moving average of any kind",
    about=(
        "The average that matype names, with TA-Lib's numbers; of a period of 1 the value itself. MAMA takes its default "
        "limits and ignores the period, T3 its default factor"
    ),
    source="TA-Lib MA",
    inputs=("real",),
    outputs=("ma",),
    parameters={"period": checks.period(30, low=1), "matype": checks.matype()},
    leading=matypes.average_leading,
    module="overlap",
    state=matypes.average_state,
    talib="MA",
)

BBANDS = Entry(
    name="bbands",
    group="overlap",
    summary="Bollinger bands",
    about=(
        "A moving average and bands of population standard deviations (ddof 0) of the window above and below it, "
        "as TA-Lib and charts draw them"
    ),
    source="J. Bollinger, Bollinger on Bollinger Bands (2001); TA-Lib BBANDS",
    inputs=("real",),
    outputs=("upper", "middle", "lower"),
    parameters={
        "period": checks.period(20),
        "nbdevup": checks.factor(2.0),
        "nbdevdn": checks.factor(2.0),
        "matype": checks.matype(),
    },
    leading=lambda period, matype, **_: max(matypes.average_leading(period, matype), period - 1),
    module="bands",
    state=lambda period, matype, **_: (
        7 if matype in (matypes.SMA, matypes.DEFAULT) else 7 + matypes.average_state(period, matype)
    ),
    talib="BBANDS",
)

ENTRIES = (SMA, EMA, WMA, MA, BBANDS)
