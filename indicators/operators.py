"""Arithmetic between two series, and sums and extremes of a window."""

from indicators import checks
from indicators.entry import Entry


def _operator(name: str, summary: str, about: str) -> Entry:
    return Entry(
        name=name,
        group="math",
        summary=summary,
        about=about,
        source=f"arithmetic of IEEE 754 (2008); TA-Lib {name.upper()}",
        inputs=("real0", "real1"),
        outputs=(name,),
        leading=lambda: 0,
        module="operators",
        talib=name.upper(),
    )


ADD = _operator("add", "Sum of two series", "real0 + real1, bar by bar")
DIV = _operator("div", "Quotient of two series", "real0 / real1, bar by bar; infinite where real1 is 0, NaN where both are")
MULT = _operator("mult", "Product of two series", "real0 * real1, bar by bar")
SUB = _operator("sub", "Difference of two series", "real0 - real1, bar by bar")

CUMSUM = Entry(
    name="cumsum",
    group="math",
    summary="Sum of all bars so far",
    about="Sum from the first bar on; a series that begins earlier has another sum, so only its changes can be compared",
    source="plain addition in the order of time; TA-Lib CUMSUM",
    inputs=("real",),
    outputs=("cumsum",),
    leading=lambda: 0,
    module="operators",
    state=1,
    talib="CUMSUM",
)

SUM = Entry(
    name="sum",
    group="math",
    summary="Sum of the window",
    about="Sum of the last period values, from a running sum, as TA-Lib adds it up",
    source="plain addition in the order of time; TA-Lib SUM",
    inputs=("real",),
    outputs=("sum",),
    parameters={"period": checks.period(30)},
    leading=lambda period: period - 1,
    module="operators",
    state=1,
    talib="SUM",
)

HERK = "M. van Herk, A fast algorithm for local minimum and maximum filters (1992)"

MAX = Entry(
    name="max",
    group="math",
    summary="Highest value of the window",
    about="Highest of the last period values, this bar included; the same as highest",
    source=f"{HERK}; TA-Lib MAX",
    inputs=("real",),
    outputs=("max",),
    parameters={"period": checks.period(30)},
    leading=lambda period: period - 1,
    module="operators",
    state=lambda period: period,
    talib="MAX",
)

MIN = Entry(
    name="min",
    group="math",
    summary="Lowest value of the window",
    about="Lowest of the last period values, this bar included; the same as lowest",
    source=f"{HERK}; TA-Lib MIN",
    inputs=("real",),
    outputs=("min",),
    parameters={"period": checks.period(30)},
    leading=lambda period: period - 1,
    module="operators",
    state=lambda period: period,
    talib="MIN",
)

MINMAX = Entry(
    name="minmax",
    group="math",
    summary="Lowest and highest value of the window",
    about="Lowest and highest of the last period values, this bar included",
    source=f"{HERK}; TA-Lib MINMAX",
    inputs=("real",),
    outputs=("min", "max"),
    parameters={"period": checks.period(30)},
    leading=lambda period: period - 1,
    module="operators",
    state=lambda period: 2 * period,
    talib="MINMAX",
)

ROWS = (
    "counted from row 0 of the array passed in, also where a symbol begins later; in a history whose oldest rows are dropped "
    "a number is of use only beside the number of the bar it was computed for. Of equal values TA-Lib names the newest that "
    "arrived while an equal one was the extreme, and the oldest when the extreme has just left the window; so does this"
)

MAXINDEX = Entry(
    name="maxindex",
    group="math",
    summary="Row of the highest value of the window",
    about=f"Row of the highest of the last period values, {ROWS}",
    source="search of the window; TA-Lib MAXINDEX",
    inputs=("real",),
    outputs=("maxindex",),
    parameters={"period": checks.period(30)},
    leading=lambda period: period - 1,
    module="operators",
    state=2,
    kind="count",
    talib="MAXINDEX",
)

MININDEX = Entry(
    name="minindex",
    group="math",
    summary="Row of the lowest value of the window",
    about=f"Row of the lowest of the last period values, {ROWS}",
    source="search of the window; TA-Lib MININDEX",
    inputs=("real",),
    outputs=("minindex",),
    parameters={"period": checks.period(30)},
    leading=lambda period: period - 1,
    module="operators",
    state=2,
    kind="count",
    talib="MININDEX",
)

MINMAXINDEX = Entry(
    name="minmaxindex",
    group="math",
    summary="Rows of the lowest and the highest value of the window",
    about=f"Rows of the lowest and of the highest of the last period values, {ROWS}",
    source="search of the window; TA-Lib MINMAXINDEX",
    inputs=("real",),
    outputs=("minidx", "maxidx"),
    parameters={"period": checks.period(30)},
    leading=lambda period: period - 1,
    module="operators",
    state=4,
    kind="count",
    talib="MINMAXINDEX",
)

ENTRIES: tuple[Entry, ...] = (ADD, DIV, MULT, SUB, CUMSUM, SUM, MAX, MIN, MINMAX, MAXINDEX, MININDEX, MINMAXINDEX)
