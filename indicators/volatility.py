"""How far the price moves: ATR."""

from indicators import checks
from indicators.entry import Entry

ATR = Entry(
    name="atr",
    group="volatility",
    summary="Average true range",
    about=("Wilder's average of the true range, seeded with the plain mean of the first ranges; the first bar has no true range"),
    source="J. W. Wilder, New Concepts in Technical Trading Systems (1978); TA-Lib ATR",
    inputs=("high", "low", "close"),
    outputs=("atr",),
    parameters={"period": checks.period(14, low=1)},
    leading=lambda period: period,
    module="volatility",
    state=1,
    talib="ATR",
)

ENTRIES = (ATR,)
