"""Bands, channels and stops around the price."""

from indicators import checks
from indicators.checks import Parameter
from indicators.entry import Entry

_LARGEST = 3e37


def _pace(default: float) -> Parameter:
    """A number that is not negative; TA-Lib's range."""
    return Parameter(float, default, 0.0, _LARGEST, "a finite number, 0 or more")


ACCBANDS = Entry(
    name="accbands",
    group="overlap",
    summary="Acceleration bands",
    about=(
        "Means of highs and lows, each moved outwards by four times the bar's range in relation to high plus low, and of the "
        "close. Where high plus low is 0 they are not moved"
    ),
    source="P. Headley, Big Trends in Trading (2002); TA-Lib ACCBANDS",
    inputs=("high", "low", "close"),
    outputs=("upper", "middle", "lower"),
    parameters={"period": checks.period(20)},
    leading=lambda period: period - 1,
    module="channels",
    state=3,
    talib="ACCBANDS",
)

DONCHIAN = Entry(
    name="donchian",
    group="overlap",
    summary="Donchian channel",
    about="Highest high, lowest low and the middle of both over a window that includes the bar itself, as charts draw it",
    source="R. Donchian, the four-week rule (1960); TA-Lib DONCHIAN",
    inputs=("high", "low"),
    outputs=("upper", "middle", "lower"),
    parameters={"period": checks.period(20)},
    leading=lambda period: period - 1,
    module="channels",
    state=lambda period: 2 * period,
    talib="DONCHIAN",
)

KC = Entry(
    name="kc",
    group="overlap",
    summary="Keltner channel",
    about=(
        "EMA of the typical price, and multiples of Wilder's average true range above and below it. Both averages have their "
        "first value on the same bar, so the shorter one begins later. Keltner took the mean range; this is the later form"
    ),
    source="C. W. Keltner, How to Make Money in Commodities (1960), as changed by L. B. Raschke; TA-Lib KC",
    inputs=("high", "low", "close"),
    outputs=("upper", "middle", "lower"),
    parameters={"period": checks.period(20), "atrperiod": checks.period(10, low=1), "nbdev": checks.factor(2.0)},
    leading=lambda period, atrperiod, **_: max(period - 1, atrperiod),
    module="channels",
    state=2,
    talib="KC",
)

MIDPOINT = Entry(
    name="midpoint",
    group="overlap",
    summary="Middle of a window",
    about="Middle of the highest and the lowest value of the window",
    source="middle of the window's extremes; TA-Lib MIDPOINT",
    inputs=("real",),
    outputs=("midpoint",),
    parameters={"period": checks.period(14)},
    leading=lambda period: period - 1,
    module="channels",
    state=lambda period: 2 + 2 * period,
    talib="MIDPOINT",
)

MIDPRICE = Entry(
    name="midprice",
    group="overlap",
    summary="Middle of a price range",
    about="Middle of the highest high and the lowest low of the window",
    source="middle of the window's extremes; TA-Lib MIDPRICE",
    inputs=("high", "low"),
    outputs=("midprice",),
    parameters={"period": checks.period(14)},
    leading=lambda period: period - 1,
    module="channels",
    state=lambda period: 2 + 2 * period,
    talib="MIDPRICE",
)

SAR = Entry(
    name="sar",
    group="overlap",
    summary="Parabolic stop and reverse",
    about=(
        "The stop of a position that is always long or short and reverses when the price touches it. Begins short if the low "
        "of the second bar fell further than its high rose, otherwise long, at the first bar's low or high. Wilder left the "
        "beginning open, so tools differ there, until the first reversals"
    ),
    source="J. W. Wilder, New Concepts in Technical Trading Systems (1978); TA-Lib SAR",
    inputs=("high", "low"),
    outputs=("sar",),
    parameters={"acceleration": _pace(0.02), "maximum": _pace(0.2)},
    leading=lambda **_: 1,
    module="stops",
    state=4,
    talib="SAR",
)

SAREXT = Entry(
    name="sarext",
    group="overlap",
    summary="Parabolic stop and reverse, extended",
    about=(
        "As sar, negative while short. A startvalue above 0 begins long at that price, below 0 short at its absolute value; "
        "offsetonreverse moves the stop away from the price on each reversal, by that share; either side has its own "
        "first, further and greatest acceleration"
    ),
    source="J. W. Wilder, New Concepts in Technical Trading Systems (1978); TA-Lib SAREXT",
    inputs=("high", "low"),
    outputs=("sarext",),
    parameters={
        "startvalue": checks.factor(0.0),
        "offsetonreverse": _pace(0.0),
        "accelerationinitlong": _pace(0.02),
        "accelerationlong": _pace(0.02),
        "accelerationmaxlong": _pace(0.2),
        "accelerationinitshort": _pace(0.02),
        "accelerationshort": _pace(0.02),
        "accelerationmaxshort": _pace(0.2),
    },
    leading=lambda **_: 1,
    module="stops",
    state=4,
    talib="SAREXT",
)

SUPERTREND = Entry(
    name="supertrend",
    group="overlap",
    summary="Supertrend",
    about=(
        "A stop on one side of the price, and the trend, 1 up or -1 down. Bands lie multiples of Wilder's average true range "
        "around the median price and only move towards it, until a close beyond one lets it go. The trend turns when the "
        "close crosses the band it follows; it begins up, which published versions do not agree on"
    ),
    source="O. Seban, Tout le monde mérite d'être riche (2008); TA-Lib SUPERTREND",
    inputs=("high", "low", "close"),
    outputs=("supertrend", "trend"),
    parameters={"period": checks.period(10), "multiplier": _pace(3.0)},
    leading=lambda period, **_: period,
    module="stops",
    state=4,
    talib="SUPERTREND",
)

ENTRIES = (ACCBANDS, DONCHIAN, KC, MIDPOINT, MIDPRICE, SAR, SAREXT, SUPERTREND)
