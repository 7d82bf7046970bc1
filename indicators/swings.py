"""Swing highs and lows, pivots and divergences, known only when they are confirmed."""

from indicators import checks
from indicators.entry import Entry

SWING_HIGH = Entry(
    name="swing_high",
    group="screen",
    summary="Value of the last confirmed swing high",
    about=(
        "A bar is a swing high if it is higher than the `period` bars before it and none of the `period` bars after it is "
        "higher still (of equal bars the first counts). That is known `period` bars later: from that bar on, and not from the "
        "swing itself as charts draw it, its value is carried until the next one is confirmed; NaN before the first"
    ),
    source="B. Williams, Trading Chaos (1995), fractals, for any number of bars",
    inputs=("real",),
    outputs=("level",),
    parameters={"period": checks.period(5, low=1)},
    leading=lambda period: 2 * period,
    module="swings",
    state=2,
)

SWING_LOW = Entry(
    name="swing_low",
    group="screen",
    summary="Value of the last confirmed swing low",
    about=(
        "A bar is a swing low if it is lower than the `period` bars before it and none of the `period` bars after it is "
        "lower still (of equal bars the first counts). That is known `period` bars later: from that bar on, and not from the "
        "swing itself as charts draw it, its value is carried until the next one is confirmed; NaN before the first"
    ),
    source="B. Williams, Trading Chaos (1995), fractals, for any number of bars",
    inputs=("real",),
    outputs=("level",),
    parameters={"period": checks.period(5, low=1)},
    leading=lambda period: 2 * period,
    module="swings",
    state=2,
)

DIVERGENCE = Entry(
    name="divergence",
    group="screen",
    summary="Divergence of an oscillator from the price, regular and hidden",
    about=(
        "Compares the last two confirmed swings of the price (as `swing_high` and `swing_low` find them) with the oscillator "
        "on the same two bars. 1 regular bullish: lower low of the price, higher of the oscillator. 2 hidden bullish: higher "
        "low, lower oscillator. -1 regular bearish: higher high, lower oscillator. -2 hidden bearish: lower high, higher "
        "oscillator. Given on the bar that confirms the second swing, `period` bars after it, and 0 on all others; "
        "`bars_since(divergence(close, rsi(close)) == 1)` tells how long ago it was"
    ),
    source="J. W. Wilder, New Concepts in Technical Trading Systems (1978); C. Brown, Technical Analysis for the Trading "
    "Professional (1999), for the hidden ones",
    inputs=("price", "oscillator"),
    outputs=("divergence",),
    parameters={"period": checks.period(5, low=1)},
    leading=lambda period: 2 * period,
    module="swings",
    state=7,
    kind="count",
)

PIVOTS = Entry(
    name="pivots",
    group="screen",
    summary="Pivot levels of the floor traders",
    about=(
        "Pivot, three resistances and three supports from the highest high, the lowest low and the last close of the `period` "
        "bars before this one; this bar itself has no part in its levels. With 1 and bars of a day they are those of the day "
        "before; the window slides by one bar, it does not jump from session to session"
    ),
    source="J. L. Person, A Complete Guide to Technical Trading Tactics (2004)",
    inputs=("high", "low", "close"),
    outputs=("p", "r1", "r2", "r3", "s1", "s2", "s3"),
    parameters={"period": checks.period(1, low=1)},
    leading=lambda period: period,
    module="swings",
    state=lambda period: 2 + 2 * period,
)

ENTRIES = (SWING_HIGH, SWING_LOW, DIVERGENCE, PIVOTS)
