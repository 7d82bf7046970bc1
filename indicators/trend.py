"""Turning points: crossings, highest and lowest."""

from indicators import checks
from indicators.entry import Entry

HIGHEST = Entry(
    name="highest",
    group="trend",
    summary="Highest value of the window",
    about="Highest value of the window, this bar included; TA-Lib's MAX under the name that screens use",
    source="TA-Lib MAX",
    inputs=("real",),
    outputs=("highest",),
    parameters={"period": checks.period(30)},
    leading=lambda period: period - 1,
    module="extremes",
    state=lambda period: period,
    talib="MAX",
)

LOWEST = Entry(
    name="lowest",
    group="trend",
    summary="Lowest value of the window",
    about="Lowest value of the window, this bar included; TA-Lib's MIN under the name that screens use",
    source="TA-Lib MIN",
    inputs=("real",),
    outputs=("lowest",),
    parameters={"period": checks.period(30)},
    leading=lambda period: period - 1,
    module="extremes",
    state=lambda period: period,
    talib="MIN",
)

CROSSED_ABOVE = Entry(
    name="crossed_above",
    group="trend",
    summary="Whether a rose above b on this bar",
    about="True on the bar on which a, at or below b one bar ago, is above b",
    source="a <= b one bar ago and a > b now",
    inputs=("a", "b"),
    outputs=("crossed_above",),
    leading=lambda: 1,
    module="trend",
    kind="condition",
)

CROSSED_BELOW = Entry(
    name="crossed_below",
    group="trend",
    summary="Whether a fell below b on this bar",
    about="True on the bar on which a, at or above b one bar ago, is below b",
    source="a >= b one bar ago and a < b now",
    inputs=("a", "b"),
    outputs=("crossed_below",),
    leading=lambda: 1,
    module="trend",
    kind="condition",
)

ENTRIES = (HIGHEST, LOWEST, CROSSED_ABOVE, CROSSED_BELOW)
