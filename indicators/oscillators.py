"""Oscillators: averages against each other, rises against falls, prices against what was expected of them."""

from indicators import checks
from indicators.entry import Entry
from indicators.matypes import EMA, SMA, WMA, average_leading, average_state

WILLIAMS = "B. Williams, New Trading Dimensions (1998)"
CHANDE = "T. S. Chande and S. Kroll, The New Technical Trader (1994)"


AC = Entry(
    name="ac",
    group="momentum",
    summary="Accelerator oscillator",
    about="Awesome oscillator minus its simple average: whether the momentum itself grows. In units of the price",
    source=f"{WILLIAMS}; TA-Lib AC",
    inputs=("high", "low"),
    outputs=("ac",),
    parameters={"fastperiod": checks.period(5), "slowperiod": checks.period(34), "signalperiod": checks.period(5)},
    leading=lambda fastperiod, slowperiod, signalperiod: max(fastperiod, slowperiod) + signalperiod - 2,
    module="differences",
    state=lambda signalperiod, **_: 4 + average_state(signalperiod, SMA),
    talib="AC",
)

AO = Entry(
    name="ao",
    group="momentum",
    summary="Awesome oscillator",
    about=(
        "Fast minus slow simple average of the median price, in units of the price. Periods the wrong way round are not "
        "swapped: they change the sign"
    ),
    source=f"{WILLIAMS}; TA-Lib AO",
    inputs=("high", "low"),
    outputs=("ao",),
    parameters={"fastperiod": checks.period(5), "slowperiod": checks.period(34)},
    leading=lambda fastperiod, slowperiod: max(fastperiod, slowperiod) - 1,
    module="differences",
    state=2,
    talib="AO",
)

APO = Entry(
    name="apo",
    group="momentum",
    summary="Absolute price oscillator",
    about=(
        "Fast minus slow moving average, in units of the price; the shorter of the two periods is the fast one, in whatever "
        "order they are given. With exponential averages it is the line of MACD, but each average starts on its own first "
        "window, whereas those of MACD start together"
    ),
    source="G. Appel, The Moving Average Convergence-Divergence Trading Method (1979); TA-Lib APO",
    inputs=("real",),
    outputs=("apo",),
    parameters={"fastperiod": checks.period(12), "slowperiod": checks.period(26), "matype": checks.matype(EMA)},
    leading=lambda fastperiod, slowperiod, matype: average_leading(max(fastperiod, slowperiod), matype),
    module="differences",
    state=lambda fastperiod, slowperiod, matype: 2 + 2 * average_state(max(fastperiod, slowperiod), matype),
    talib="APO",
)

BOP = Entry(
    name="bop",
    group="momentum",
    summary="Balance of power",
    about="Close minus open in high minus low, -1 to 1, of each bar by itself; 0 for a bar without range. Charts often smooth it",
    source="I. Livshin, Balance of Power (2001); TA-Lib BOP",
    inputs=("open", "high", "low", "close"),
    outputs=("bop",),
    leading=lambda: 0,
    module="balances",
    talib="BOP",
)

CMO = Entry(
    name="cmo",
    group="momentum",
    summary="Chande momentum oscillator",
    about=(
        "Gains minus losses in their sum, -100 to 100, both averaged as Wilder does for RSI: what TA-Lib gives under this "
        "name. Chande's own definition, which charts follow, is CMOU"
    ),
    source=f"{CHANDE}; TA-Lib CMO",
    inputs=("real",),
    outputs=("cmo",),
    parameters={"period": checks.period(14)},
    leading=lambda period: period,
    module="balances",
    state=2,
    talib="CMO",
)

CMOU = Entry(
    name="cmou",
    group="momentum",
    summary="Chande momentum oscillator, unsmoothed",
    about=(
        "Gains minus losses in their sum over the last period changes, -100 to 100, 0 where nothing changed: Chande's own "
        "definition, without the smoothing of TA-Lib's CMO"
    ),
    source=f"{CHANDE}; TA-Lib CMOU",
    inputs=("real",),
    outputs=("cmou",),
    parameters={"period": checks.period(14)},
    leading=lambda period: period,
    module="balances",
    state=3,
    talib="CMOU",
)

COPPOCK = Entry(
    name="coppock",
    group="momentum",
    summary="Coppock curve",
    about=(
        "Linearly weighted average of the sum of two rates of change, in percent. The sum as Coppock has it, not the mean, "
        "which some tools take; a rate of change from a price of 0 counts as 0. Made for monthly bars"
    ),
    source="E. S. C. Coppock, Practical Relative Strength Charting (1962); TA-Lib COPPOCK",
    inputs=("real",),
    outputs=("coppock",),
    parameters={
        "wmaperiod": checks.period(10, low=1),
        "roc1period": checks.period(11, low=1),
        "roc2period": checks.period(14, low=1),
    },
    leading=lambda wmaperiod, roc1period, roc2period: max(roc1period, roc2period) + wmaperiod - 1,
    module="forecasts",
    state=lambda wmaperiod, **_: 2 + average_state(wmaperiod, WMA),
    talib="COPPOCK",
)

DPO = Entry(
    name="dpo",
    group="momentum",
    summary="Detrended price oscillator",
    about=(
        "Value of period / 2 + 1 bars ago (rounded down) minus the simple average up to now, which knows nothing of later "
        "bars; some charts draw it shifted back by as much"
    ),
    source="W. Blau, Momentum, Direction, and Divergence (1995); TA-Lib DPO",
    inputs=("real",),
    outputs=("dpo",),
    parameters={"period": checks.period(20)},
    leading=lambda period: max(period - 1, period // 2 + 1),
    module="differences",
    state=1,
    talib="DPO",
)

ER = Entry(
    name="er",
    group="momentum",
    summary="Kaufman efficiency ratio",
    about=(
        "Change over period bars in the sum of the changes of each, without sign: 1 for a straight way, near 0 for one that "
        "leads nowhere. A window without any change gives 1, as in TA-Lib"
    ),
    source="P. J. Kaufman, Smarter Trading (1995); TA-Lib ER",
    inputs=("real",),
    outputs=("er",),
    parameters={"period": checks.period(10)},
    leading=lambda period: period,
    module="efficiency",
    state=2,
    talib="ER",
)

ERI = Entry(
    name="eri",
    group="momentum",
    summary="Elder ray index",
    about="High (bull power) and low (bear power) minus the exponential average of the close, in units of the price",
    source="A. Elder, Trading for a Living (1993); TA-Lib ERI",
    inputs=("high", "low", "close"),
    outputs=("bullpower", "bearpower"),
    parameters={"period": checks.period(13, low=1)},
    leading=lambda period: period - 1,
    module="differences",
    state=lambda period: 1 + average_state(period, EMA),
    talib="ERI",
)

FOSC = Entry(
    name="fosc",
    group="momentum",
    summary="Forecast oscillator",
    about=(
        "Distance of the value from what the straight line through the period values before it foretold, in percent of the "
        "value; 0 for a value of 0"
    ),
    source=f"{CHANDE}; TA-Lib FOSC",
    inputs=("real",),
    outputs=("fosc",),
    parameters={"period": checks.period(5)},
    leading=lambda period: period,
    module="forecasts",
    state=5,
    talib="FOSC",
)

FRACTAL = Entry(
    name="fractal",
    group="momentum",
    summary="Williams fractal",
    about=(
        "100 on the bar that makes a fractal known: the one rightbars later than the bar whose high (low) is above (below) "
        "those of leftbars bars before and rightbars bars after it, none of them equal. So it never looks ahead; charts draw "
        "the mark rightbars earlier"
    ),
    source=f"{WILLIAMS}; TA-Lib FRACTAL",
    inputs=("high", "low"),
    outputs=("swinghigh", "swinglow"),
    parameters={"leftbars": checks.period(2, low=1), "rightbars": checks.period(2, low=1)},
    leading=lambda leftbars, rightbars: leftbars + rightbars,
    module="fractals",
    state=2,
    kind="count",
    talib="FRACTAL",
)

IMI = Entry(
    name="imi",
    group="momentum",
    summary="Intraday momentum index",
    about=(
        "Moves up from open to close in all moves from open to close over period bars, 0 to 100; 50 where nothing moved. The "
        "time needed grows with the period"
    ),
    source=f"{CHANDE}; TA-Lib IMI",
    inputs=("open", "close"),
    outputs=("imi",),
    parameters={"period": checks.period(14)},
    leading=lambda period: period - 1,
    module="balances",
    state=2,
    talib="IMI",
)

ENTRIES = (AC, AO, APO, BOP, CMO, CMOU, COPPOCK, DPO, ER, ERI, FOSC, FRACTAL, IMI)
