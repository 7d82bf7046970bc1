"""Volume, and price weighed with it: AD, ADOSC, CMF, EFI, MARKETFI, NVI, OBV, PVI, PVO, PVT, RVOL.

Sums "from the first bar on" begin with the first bar that is passed in: their level says nothing, their changes do.
"""

from indicators import checks, matypes
from indicators.entry import Entry

AD = Entry(
    name="ad",
    group="volume",
    summary="Chaikin accumulation/distribution line",
    about=(
        "Money flow volume added up from the first bar on: volume times the place of the close in the bar's range, -1 at the "
        "low, 1 at the high. Bars without a range add nothing"
    ),
    source="M. Chaikin, accumulation/distribution line; TA-Lib AD",
    inputs=("high", "low", "close", "volume"),
    outputs=("ad",),
    leading=lambda: 0,
    module="volume",
    state=1,
    talib="AD",
)

ADOSC = Entry(
    name="adosc",
    group="volume",
    summary="Chaikin oscillator",
    about=(
        "EMA of fastperiod minus EMA of slowperiod of the accumulation/distribution line. As in TA-Lib both EMA start with "
        "the line's first value, not with the mean of a window as elsewhere, and periods in the wrong order are not swapped"
    ),
    source="M. Chaikin, oscillator of the accumulation/distribution line; TA-Lib ADOSC",
    inputs=("high", "low", "close", "volume"),
    outputs=("adosc",),
    parameters={"fastperiod": checks.period(3), "slowperiod": checks.period(10)},
    leading=lambda fastperiod, slowperiod: max(fastperiod, slowperiod) - 1,
    module="flows",
    state=4,
    talib="ADOSC",
)

CMF = Entry(
    name="cmf",
    group="volume",
    summary="Chaikin money flow",
    about=(
        "Sum of the money flow volume of the window (see ad) over the sum of its volume, -1 to 1; 0 where nothing was traded. "
        "Sums are running ones, as in TA-Lib"
    ),
    source="M. Chaikin, money flow; TA-Lib CMF (0.8)",
    inputs=("high", "low", "close", "volume"),
    outputs=("cmf",),
    parameters={"period": checks.period(20)},
    leading=lambda period: period - 1,
    module="flows",
    state=lambda period: 2 + period,
    talib="CMF",
)

EFI = Entry(
    name="efi",
    group="volume",
    summary="Elder's force index",
    about=(
        "EMA of the change of the close times volume, seeded with the mean of its first window; a period of 1 gives the force "
        "of each bar. The first bar has no change"
    ),
    source="A. Elder, Trading for a Living (1993); TA-Lib EFI (0.8)",
    inputs=("close", "volume"),
    outputs=("efi",),
    parameters={"period": checks.period(13, low=1)},
    leading=lambda period: period,
    module="flows",
    state=1,
    talib="EFI",
)

MARKETFI = Entry(
    name="marketfi",
    group="volume",
    summary="Market facilitation index",
    about=(
        "High minus low, for one unit of volume; 0 where nothing was traded. Others call it MFI or BW MFI; here mfi is the "
        "money flow index"
    ),
    source="B. Williams, Trading Chaos (1995); TA-Lib MARKETFI (0.8)",
    inputs=("high", "low", "volume"),
    outputs=("marketfi",),
    leading=lambda: 0,
    module="volume",
    talib="MARKETFI",
)

NVI = Entry(
    name="nvi",
    group="volume",
    summary="Negative volume index",
    about=(
        "1000 on the first bar; follows the relative change of the close on bars with less volume than the bar before, and "
        "stands still on all others"
    ),
    source="P. Dysart (1936); N. Fosback, Stock Market Logic (1976); TA-Lib NVI (0.8)",
    inputs=("close", "volume"),
    outputs=("nvi",),
    leading=lambda: 0,
    module="volume",
    state=1,
    talib="NVI",
)

OBV = Entry(
    name="obv",
    group="volume",
    summary="On balance volume",
    about=(
        "Volume added up from the first bar on, with the sign of the change of the price; starts with the first "
        "bar's volume, as TA-Lib does"
    ),
    source="J. Granville, New Key to Stock Market Profits (1963); TA-Lib OBV",
    inputs=("real", "volume"),
    outputs=("obv",),
    leading=lambda: 0,
    module="volume",
    state=1,
    talib="OBV",
)

PVI = Entry(
    name="pvi",
    group="volume",
    summary="Positive volume index",
    about=(
        "1000 on the first bar; follows the relative change of the close on bars with more volume than the bar before, and "
        "stands still on all others"
    ),
    source="P. Dysart (1936); N. Fosback, Stock Market Logic (1976); TA-Lib PVI (0.8)",
    inputs=("close", "volume"),
    outputs=("pvi",),
    leading=lambda: 0,
    module="volume",
    state=1,
    talib="PVI",
)

PVO = Entry(
    name="pvo",
    group="volume",
    summary="Percentage volume oscillator",
    about=(
        "Fast moving average of volume above the slow one, in percent of the slow one; 0 where that is below 1e-14. Each average "
        "is seeded on its own first window. Periods in the wrong order are swapped; the usual average (matype 1 or 11) is the "
        "EMA"
    ),
    source="difference of two averages of volume in percent, as G. Appel's oscillator of prices; TA-Lib PVO (0.8)",
    inputs=("volume",),
    outputs=("pvo",),
    parameters={
        "fastperiod": checks.period(12),
        "slowperiod": checks.period(26),
        "matype": checks.matype(matypes.EMA),
    },
    leading=lambda fastperiod, slowperiod, matype: matypes.average_leading(max(fastperiod, slowperiod), matype),
    module="flows",
    state=lambda fastperiod, slowperiod, matype: 2 + 2 * matypes.average_state(max(fastperiod, slowperiod), matype),
    talib="PVO",
)

PVT = Entry(
    name="pvt",
    group="volume",
    summary="Price volume trend",
    about=(
        "Volume times the relative change of the close, added up from the first bar on, which is 0; where the close before is "
        "0, nothing is added"
    ),
    source="sum of volume times relative change of the close; TA-Lib PVT (0.8)",
    inputs=("close", "volume"),
    outputs=("pvt",),
    leading=lambda: 0,
    module="volume",
    state=1,
    talib="PVT",
)

RVOL = Entry(
    name="rvol",
    group="volume",
    summary="Relative volume",
    about=(
        "Volume in units of the mean volume of the period bars before it; the bar itself is not part of its own measure. After "
        "bars without any trade it is infinite, or NaN when this bar has none either, as in TA-Lib. Charts that compare with "
        "the same time of other days show another number"
    ),
    source="volume over the mean volume of the bars before; TA-Lib RVOL (0.8)",
    inputs=("volume",),
    outputs=("rvol",),
    parameters={"period": checks.period(20, low=1)},
    leading=lambda period: period,
    module="flows",
    state=1,
    talib="RVOL",
)

ENTRIES = (AD, ADOSC, CMF, EFI, MARKETFI, NVI, OBV, PVI, PVO, PVT, RVOL)
