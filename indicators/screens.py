"""Conditions and measures that screens ask for."""

from indicators import checks
from indicators.entry import Entry

ABOVE = Entry(
    name="above",
    group="screen",
    summary="Whether a was above b on each of the last bars",
    about="True where a > b on this bar and on those before it, `period` bars in all; a missing value begins the count anew",
    source="a > b, `period` times in a row",
    inputs=("a", "b"),
    outputs=("above",),
    parameters={"period": checks.period(1, low=1)},
    leading=lambda period: period - 1,
    module="screens",
    state=1,
    kind="condition",
)

BELOW = Entry(
    name="below",
    group="screen",
    summary="Whether a was below b on each of the last bars",
    about="True where a < b on this bar and on those before it, `period` bars in all; a missing value begins the count anew",
    source="a < b, `period` times in a row",
    inputs=("a", "b"),
    outputs=("below",),
    parameters={"period": checks.period(1, low=1)},
    leading=lambda period: period - 1,
    module="screens",
    state=1,
    kind="condition",
)

RISING = Entry(
    name="rising",
    group="screen",
    summary="Whether the series rose on each of the last bars",
    about=(
        "True where each of the last `period` bars is above the bar before it: every step must go up. (Some tools ask only "
        "that this bar is above all of the window before; that is `highest_bars(real, period + 1) == 0`)"
    ),
    source="value > value one bar ago, `period` times in a row",
    inputs=("real",),
    outputs=("rising",),
    parameters={"period": checks.period(3, low=1)},
    leading=lambda period: period,
    module="screens",
    state=1,
    kind="condition",
)

FALLING = Entry(
    name="falling",
    group="screen",
    summary="Whether the series fell on each of the last bars",
    about=(
        "True where each of the last `period` bars is below the bar before it: every step must go down. (Some tools ask only "
        "that this bar is below all of the window before; that is `lowest_bars(real, period + 1) == 0`)"
    ),
    source="value < value one bar ago, `period` times in a row",
    inputs=("real",),
    outputs=("falling",),
    parameters={"period": checks.period(3, low=1)},
    leading=lambda period: period,
    module="screens",
    state=1,
    kind="condition",
)

BARS_SINCE = Entry(
    name="bars_since",
    group="screen",
    summary="Bars since a condition was last true",
    about=(
        "0 on a bar on which the condition holds, 1 on the bar after it, and so on; NaN until it holds for the first time, so "
        "that no comparison with a number is true before. The condition is a series of true and false, or of numbers, of which "
        "0 and NaN mean false"
    ),
    source="count of bars",
    inputs=("condition",),
    outputs=("bars",),
    leading=lambda: 0,
    module="screens",
    state=1,
)

HIGHEST_BARS = Entry(
    name="highest_bars",
    group="screen",
    summary="Bars since the highest value of the window",
    about=(
        "0 where this bar is the highest of the last `period` bars, `period - 1` where the oldest of them is. Of equal values "
        "the most recent counts"
    ),
    source="position of the maximum",
    inputs=("real",),
    outputs=("bars",),
    parameters={"period": checks.period(30)},
    leading=lambda period: period - 1,
    module="screens",
    state=2,
)

LOWEST_BARS = Entry(
    name="lowest_bars",
    group="screen",
    summary="Bars since the lowest value of the window",
    about=(
        "0 where this bar is the lowest of the last `period` bars, `period - 1` where the oldest of them is. Of equal values "
        "the most recent counts"
    ),
    source="position of the minimum",
    inputs=("real",),
    outputs=("bars",),
    parameters={"period": checks.period(30)},
    leading=lambda period: period - 1,
    module="screens",
    state=2,
)

ENTRIES = (ABOVE, BELOW, RISING, FALLING, BARS_SINCE, HIGHEST_BARS, LOWEST_BARS)
