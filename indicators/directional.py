"""Direction and its strength: directional movement, Aroon, vortex."""

from indicators import checks
from indicators.entry import Entry

WILDER = "J. W. Wilder, New Concepts in Technical Trading Systems (1978)"
CHANDE = "T. S. Chande, The Time Price Oscillator (1995)"

ADX = Entry(
    name="adx",
    group="momentum",
    summary="Average directional movement index",
    about="Strength of a trend in either direction, 0 to 100; Wilder's averages",
    source=f"{WILDER}; TA-Lib ADX",
    inputs=("high", "low", "close"),
    outputs=("adx",),
    parameters={"period": checks.period(14)},
    leading=lambda period: 2 * period - 1,
    module="directional",
    state=5,
    talib="ADX",
)

ADXR = Entry(
    name="adxr",
    group="momentum",
    summary="Average directional movement index rating",
    about="Mean of ADX now and period - 1 bars ago, as TA-Lib counts; other tools go back a whole period",
    source=f"{WILDER}; TA-Lib ADXR",
    inputs=("high", "low", "close"),
    outputs=("adxr",),
    parameters={"period": checks.period(14)},
    leading=lambda period: 3 * period - 2,
    module="directional",
    state=lambda period: 4 + period,
    talib="ADXR",
)

DX = Entry(
    name="dx",
    group="momentum",
    summary="Directional movement index",
    about=(
        "Difference of the directional indicators in their sum, 0 to 100, not averaged. A bar on which nothing has moved "
        "repeats the value before it, 0 if it is the first"
    ),
    source=f"{WILDER}; TA-Lib DX",
    inputs=("high", "low", "close"),
    outputs=("dx",),
    parameters={"period": checks.period(14)},
    leading=lambda period: period,
    module="directional",
    state=4,
    talib="DX",
)

MINUS_DI = Entry(
    name="minus_di",
    group="momentum",
    summary="Minus directional indicator",
    about=(
        "Wilder's sum of the movements down in percent of that of the true range, 0 without any range. A period of 1 gives "
        "a fraction instead of percents, as in TA-Lib"
    ),
    source=f"{WILDER}; TA-Lib MINUS_DI",
    inputs=("high", "low", "close"),
    outputs=("minus_di",),
    parameters={"period": checks.period(14, low=1)},
    leading=lambda period: period,
    module="directional",
    state=3,
    talib="MINUS_DI",
)

MINUS_DM = Entry(
    name="minus_dm",
    group="momentum",
    summary="Minus directional movement",
    about=(
        "How far the low fell, on bars on which it fell further than the high rose; first the plain sum of period - 1 of "
        "these steps, then each time a period-th less, plus the step. In units of the price"
    ),
    source=f"{WILDER}; TA-Lib MINUS_DM",
    inputs=("high", "low"),
    outputs=("minus_dm",),
    parameters={"period": checks.period(14, low=1)},
    leading=lambda period: max(period - 1, 1),
    module="directional",
    state=1,
    talib="MINUS_DM",
)

PLUS_DI = Entry(
    name="plus_di",
    group="momentum",
    summary="Plus directional indicator",
    about=(
        "Wilder's sum of the movements up in percent of that of the true range, 0 without any range. A period of 1 gives "
        "a fraction instead of percents, as in TA-Lib"
    ),
    source=f"{WILDER}; TA-Lib PLUS_DI",
    inputs=("high", "low", "close"),
    outputs=("plus_di",),
    parameters={"period": checks.period(14, low=1)},
    leading=lambda period: period,
    module="directional",
    state=3,
    talib="PLUS_DI",
)

PLUS_DM = Entry(
    name="plus_dm",
    group="momentum",
    summary="Plus directional movement",
    about=(
        "How far the high rose, on bars on which it rose further than the low fell; first the plain sum of period - 1 of "
        "these steps, then each time a period-th less, plus the step. In units of the price"
    ),
    source=f"{WILDER}; TA-Lib PLUS_DM",
    inputs=("high", "low"),
    outputs=("plus_dm",),
    parameters={"period": checks.period(14, low=1)},
    leading=lambda period: max(period - 1, 1),
    module="directional",
    state=1,
    talib="PLUS_DM",
)

AROON = Entry(
    name="aroon",
    group="momentum",
    summary="Aroon down and up",
    about=(
        "How new the lowest low (down) and the highest high (up) of this bar and the period bars before it are: 100 on this "
        "bar, 0 at the far end. Of equal extremes the newest counts"
    ),
    source=f"{CHANDE}; TA-Lib AROON",
    inputs=("high", "low"),
    outputs=("aroondown", "aroonup"),
    parameters={"period": checks.period(14)},
    leading=lambda period: period,
    module="aroon",
    state=lambda period: 6 + 4 * period,
    talib="AROON",
)

AROONOSC = Entry(
    name="aroonosc",
    group="momentum",
    summary="Aroon oscillator",
    about="Aroon up minus Aroon down, -100 to 100",
    source=f"{CHANDE}; TA-Lib AROONOSC",
    inputs=("high", "low"),
    outputs=("aroonosc",),
    parameters={"period": checks.period(14)},
    leading=lambda period: period,
    module="aroon",
    state=lambda period: 6 + 4 * period,
    talib="AROONOSC",
)

VORTEX = Entry(
    name="vortex",
    group="momentum",
    summary="Vortex indicator",
    about=(
        "Sum of the ways from the low before to the high (plus), and from the high before to the low (minus), each in the "
        "sum of the true ranges; both 0 for a window without range"
    ),
    source="E. Botes and D. Siepman, The Vortex Indicator (2010); TA-Lib VORTEX",
    inputs=("high", "low", "close"),
    outputs=("plusvi", "minusvi"),
    parameters={"period": checks.period(14, low=1)},
    leading=lambda period: period,
    module="efficiency",
    state=4,
    talib="VORTEX",
)

VHF = Entry(
    name="vhf",
    group="momentum",
    summary="Vertical horizontal filter",
    about=(
        "Range of the last period values in the sum of as many changes, 0 where nothing changed: high in a trend, low in a "
        "sideways market. The oldest change begins one bar before the range does. The time needed grows with the period"
    ),
    source="A. White, The Vertical Horizontal Filter (1991); TA-Lib VHF",
    inputs=("real",),
    outputs=("vhf",),
    parameters={"period": checks.period(28)},
    leading=lambda period: period,
    module="efficiency",
    state=3,
    talib="VHF",
)

ENTRIES = (ADX, ADXR, DX, MINUS_DI, MINUS_DM, PLUS_DI, PLUS_DM, AROON, AROONOSC, VORTEX, VHF)
