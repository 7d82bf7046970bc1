"""Moving averages beyond the simple ones."""

from indicators import checks, matypes
from indicators.checks import Parameter
from indicators.entry import Entry

_LIMIT = "a number from 0.01 to 0.99"

DEMA = Entry(
    name="dema",
    group="overlap",
    summary="Double exponential moving average",
    about=("Twice the EMA minus the EMA of the EMA: less lag than an EMA, not a second smoothing"),
    source="P. G. Mulloy, Smoothing Data with Faster Moving Averages (1994); TA-Lib DEMA",
    inputs=("real",),
    outputs=("dema",),
    parameters={"period": checks.period(30, low=1)},
    leading=lambda period, **_: matypes.average_leading(period, matypes.DEMA),
    module="averages",
    state=3,
    talib="DEMA",
)

TEMA = Entry(
    name="tema",
    group="overlap",
    summary="Triple exponential moving average",
    about=("Three times the difference of EMA and EMA of the EMA, plus the EMA of that: less lag than DEMA"),
    source="P. G. Mulloy, Smoothing Data with Less Lag (1994); TA-Lib TEMA",
    inputs=("real",),
    outputs=("tema",),
    parameters={"period": checks.period(30, low=1)},
    leading=lambda period, **_: matypes.average_leading(period, matypes.TEMA),
    module="averages",
    state=4,
    talib="TEMA",
)

T3 = Entry(
    name="t3",
    group="overlap",
    summary="Tillson T3",
    about=("DEMA generalised by vfactor (0: an EMA, 1: DEMA), applied three times"),
    source="T. Tillson, Smoothing Techniques for More Accurate Signals (1998); TA-Lib T3",
    inputs=("real",),
    outputs=("t3",),
    parameters={
        "period": checks.period(5, low=1),
        "vfactor": Parameter(float, 0.7, 0.0, 1.0, "a number from 0 to 1"),
    },
    leading=lambda period, **_: matypes.average_leading(period, matypes.T3),
    module="averages",
    state=7,
    talib="T3",
)

TRIMA = Entry(
    name="trima",
    group="overlap",
    summary="Triangular moving average",
    about=(
        "Mean of means: weights rise to the middle of the window. With an even period the two windows are half the period and "
        "one more, as in MetaStock and TA-Lib, not both one more as in TradeStation"
    ),
    source="weights of a triangle; TA-Lib TRIMA",
    inputs=("real",),
    outputs=("trima",),
    parameters={"period": checks.period(30, low=1)},
    leading=lambda period, **_: matypes.average_leading(period, matypes.TRIMA),
    module="averages",
    state=lambda period: 6 + period,
    talib="TRIMA",
)

HMA = Entry(
    name="hma",
    group="overlap",
    summary="Hull moving average",
    about=(
        "WMA over the square root of the period of twice the half-period WMA minus the WMA; half and root are truncated, as Hull "
        "wrote, where other tools round"
    ),
    source="A. Hull, How to Reduce Lag in a Moving Average (2005); TA-Lib HMA",
    inputs=("real",),
    outputs=("hma",),
    parameters={"period": checks.period(20, low=1)},
    leading=lambda period, **_: matypes.average_leading(period, matypes.HMA),
    module="averages",
    state=lambda period: 20 + 2 * period,
    talib="HMA",
)

ZLEMA = Entry(
    name="zlema",
    group="overlap",
    summary="Zero-lag exponential moving average",
    about=("EMA of twice the value minus the value of (period - 1) / 2 bars ago, truncated"),
    source="J. F. Ehlers and R. Way, Zero Lag (Well, Almost) (2010); TA-Lib ZLEMA",
    inputs=("real",),
    outputs=("zlema",),
    parameters={"period": checks.period(30, low=1)},
    leading=lambda period, **_: matypes.average_leading(period, matypes.ZLEMA),
    module="averages",
    state=2,
    talib="ZLEMA",
)

RMA = Entry(
    name="rma",
    group="overlap",
    summary="Wilder's moving average",
    about=("Weight 1 / period for the newest value, seeded with the mean of the first window; also known as SMMA"),
    source="J. W. Wilder, New Concepts in Technical Trading Systems (1978); TA-Lib RMA",
    inputs=("real",),
    outputs=("rma",),
    parameters={"period": checks.period(30, low=1)},
    leading=lambda period, **_: matypes.average_leading(period, matypes.RMA),
    module="averages",
    state=3,
    talib="RMA",
)

KAMA = Entry(
    name="kama",
    group="overlap",
    summary="Kaufman adaptive moving average",
    about=(
        "An exponential average that is as fast as an EMA of 2 where the price went straight over the period, and as slow as one "
        "of 30 where it ran back and forth. A rise in one line counts as straight even if rounding says more, as in TA-Lib"
    ),
    source="P. J. Kaufman, Trading Systems and Methods (1995); TA-Lib KAMA",
    inputs=("real",),
    outputs=("kama",),
    parameters={"period": checks.period(30, low=1)},
    leading=lambda period, **_: matypes.average_leading(period, matypes.KAMA),
    module="averages",
    state=2,
    talib="KAMA",
)

VWMA = Entry(
    name="vwma",
    group="overlap",
    summary="Volume-weighted moving average",
    about=(
        "Mean of price times volume over mean volume of the window; of a window without volume it is infinite or nothing, as "
        "the rounding of the sums has it, as in TA-Lib"
    ),
    source="volume as weight; TA-Lib VWMA",
    inputs=("real", "volume"),
    outputs=("vwma",),
    parameters={"period": checks.period(30, low=1)},
    leading=lambda period: period - 1,
    module="averages",
    state=2,
    talib="VWMA",
)

MAVP = Entry(
    name="mavp",
    group="overlap",
    summary="Moving average with a period of its own for each bar",
    about=(
        "For each bar the average that matype names, over as many bars as periods says, cut to whole numbers between minperiod "
        "and maxperiod; these are swapped if they come in the wrong order. For other than simple averages the time and memory "
        "needed grow with the number of periods between them"
    ),
    source="TA-Lib MAVP",
    inputs=("real", "periods"),
    outputs=("mavp",),
    parameters={"minperiod": checks.period(2, low=1), "maxperiod": checks.period(30, low=1), "matype": checks.matype()},
    leading=lambda minperiod, maxperiod, matype: matypes.average_leading(max(minperiod, maxperiod), matype),
    module="averages",
    state=lambda minperiod, maxperiod, matype: (
        3
        if matype in (matypes.SMA, matypes.DEFAULT)
        else 3 + sum(46 + 2 * period for period in range(min(minperiod, maxperiod), max(minperiod, maxperiod) + 1))
    ),
    talib="MAVP",
)

MAMA = Entry(
    name="mama",
    group="overlap",
    summary="MESA adaptive moving average",
    about=(
        "An exponential average whose weight is fastlimit divided by the degrees that the dominant cycle turned in this "
        "bar, never below slowlimit; fama follows it with half the weight. Begins at 0, as TA-Lib does, so that the first "
        "values still rise from there"
    ),
    source="J. F. Ehlers, MAMA: the Mother of Adaptive Moving Averages (2001); TA-Lib MAMA",
    inputs=("real",),
    outputs=("mama", "fama"),
    parameters={
        "fastlimit": Parameter(float, 0.5, 0.01, 0.99, _LIMIT),
        "slowlimit": Parameter(float, 0.05, 0.01, 0.99, _LIMIT),
    },
    leading=lambda **_: 32,
    module="adaptive",
    state=40,
    talib="MAMA",
)

HT_TRENDLINE = Entry(
    name="ht_trendline",
    group="overlap",
    summary="Hilbert transform, instantaneous trend line",
    about="Mean of the price over one period of the dominant cycle, smoothed over four bars with weights 4 3 2 1",
    source="J. F. Ehlers, Rocket Science for Traders (2001); TA-Lib HT_TRENDLINE",
    inputs=("real",),
    outputs=("ht_trendline",),
    leading=lambda: 63,
    module="adaptive",
    state=43,
    talib="HT_TRENDLINE",
)

ENTRIES = (DEMA, TEMA, T3, TRIMA, HMA, ZLEMA, RMA, KAMA, VWMA, MAVP, MAMA, HT_TRENDLINE)
