"""This bar beside an earlier one, and sums of such distances: MOM, the rates of change, QSTICK, WAD."""

from indicators import checks
from indicators.entry import Entry

MOM = Entry(
    name="mom",
    group="momentum",
    summary="Momentum",
    about=("Value minus the value of `period` bars before"),
    source="J. J. Murphy, Technical Analysis of the Futures Markets (1986); TA-Lib MOM",
    inputs=("real",),
    outputs=("mom",),
    parameters={
        "period": checks.period(10, low=1),
    },
    leading=lambda period: period,
    module="rates",
    talib="MOM",
)

ROC = Entry(
    name="roc",
    group="momentum",
    summary="Rate of change",
    about=("Change to the value of `period` bars before, in percent of that; 0 where that was 0"),
    source="J. J. Murphy, Technical Analysis of the Futures Markets (1986); TA-Lib ROC",
    inputs=("real",),
    outputs=("roc",),
    parameters={
        "period": checks.period(10, low=1),
    },
    leading=lambda period: period,
    module="rates",
    talib="ROC",
)

ROCP = Entry(
    name="rocp",
    group="momentum",
    summary="Rate of change as a share",
    about=("Change to the value of `period` bars before as a share of that; 0 where that was 0"),
    source="J. J. Murphy, Technical Analysis of the Futures Markets (1986); TA-Lib ROCP",
    inputs=("real",),
    outputs=("rocp",),
    parameters={
        "period": checks.period(10, low=1),
    },
    leading=lambda period: period,
    module="rates",
    talib="ROCP",
)

ROCR = Entry(
    name="rocr",
    group="momentum",
    summary="Rate of change as a ratio",
    about=("Value divided by the value of `period` bars before; 0 where that was 0"),
    source="J. J. Murphy, Technical Analysis of the Futures Markets (1986); TA-Lib ROCR",
    inputs=("real",),
    outputs=("rocr",),
    parameters={
        "period": checks.period(10, low=1),
    },
    leading=lambda period: period,
    module="rates",
    talib="ROCR",
)

ROCR100 = Entry(
    name="rocr100",
    group="momentum",
    summary="Rate of change as a ratio in percent",
    about=("Value in percent of the value of `period` bars before; 0 where that was 0"),
    source="J. J. Murphy, Technical Analysis of the Futures Markets (1986); TA-Lib ROCR100",
    inputs=("real",),
    outputs=("rocr100",),
    parameters={
        "period": checks.period(10, low=1),
    },
    leading=lambda period: period,
    module="rates",
    talib="ROCR100",
)

QSTICK = Entry(
    name="qstick",
    group="momentum",
    summary="Qstick",
    about=("Mean of close minus open: above 0 where rising candles prevailed"),
    source="T. S. Chande and S. Kroll, The New Technical Trader (1994); TA-Lib QSTICK",
    inputs=("open", "close"),
    outputs=("qstick",),
    parameters={
        "period": checks.period(10, low=1),
    },
    leading=lambda period: period - 1,
    module="rates",
    state=1,
    talib="QSTICK",
)

WAD = Entry(
    name="wad",
    group="momentum",
    summary="Williams accumulation and distribution",
    about=(
        "Sum of the distances of rising closes from the true low and of falling closes from the true high; it begins at 0 on the "
        "first bar. Without volume, as S. B. Achelis describes it and most tools compute it; Williams himself weighted it"
    ),
    source="S. B. Achelis, Technical Analysis from A to Z (1995); TA-Lib WAD",
    inputs=("high", "low", "close"),
    outputs=("wad",),
    leading=lambda: 0,
    module="rates",
    state=1,
    talib="WAD",
)

ENTRIES = (MOM, ROC, ROCP, ROCR, ROCR100, QSTICK, WAD)
