"""One price made of several, Heikin-Ashi candles, and the mean deviation."""

from indicators import checks
from indicators.entry import Entry

AVGDEV = Entry(
    name="avgdev",
    group="price",
    summary="Mean absolute deviation",
    about=(
        "Mean distance of the window's values from their mean; not their standard deviation, and not measured from the median. "
        "The time needed grows with the period"
    ),
    source="mean of |value - mean| over the window; TA-Lib AVGDEV",
    inputs=("real",),
    outputs=("avgdev",),
    parameters={"period": checks.period(14)},
    leading=lambda period: period - 1,
    module="prices",
    state=1,
    talib="AVGDEV",
)

AVGPRICE = Entry(
    name="avgprice",
    group="price",
    summary="Average price",
    about="Mean of open, high, low and close",
    source="(open + high + low + close) / 4; TA-Lib AVGPRICE",
    inputs=("open", "high", "low", "close"),
    outputs=("avgprice",),
    leading=lambda: 0,
    module="prices",
    talib="AVGPRICE",
)

HA = Entry(
    name="ha",
    group="price",
    summary="Heikin-Ashi candles",
    about=(
        "Candles that smooth the trend: closes are the bar's mean price, opens the middle of the candle before (of the bar's "
        "own open and close on the first), highs and lows reach to both. None of these prices was traded"
    ),
    source="D. Valcu, Using The Heikin-Ashi Technique, Technical Analysis of Stocks & Commodities (2004); TA-Lib HA (0.8)",
    inputs=("open", "high", "low", "close"),
    outputs=("haopen", "hahigh", "halow", "haclose"),
    leading=lambda: 0,
    module="prices",
    state=1,
    talib="HA",
)

MEDPRICE = Entry(
    name="medprice",
    group="price",
    summary="Median price",
    about="Middle of the bar's high and low; midprice is that of a window",
    source="(high + low) / 2; TA-Lib MEDPRICE",
    inputs=("high", "low"),
    outputs=("medprice",),
    leading=lambda: 0,
    module="prices",
    talib="MEDPRICE",
)

TYPPRICE = Entry(
    name="typprice",
    group="price",
    summary="Typical price",
    about="Mean of high, low and close",
    source="(high + low + close) / 3; TA-Lib TYPPRICE",
    inputs=("high", "low", "close"),
    outputs=("typprice",),
    leading=lambda: 0,
    module="prices",
    talib="TYPPRICE",
)

WCLPRICE = Entry(
    name="wclprice",
    group="price",
    summary="Weighted close price",
    about="Mean of high, low and close, the close counted twice",
    source="(high + low + 2 close) / 4; TA-Lib WCLPRICE",
    inputs=("high", "low", "close"),
    outputs=("wclprice",),
    leading=lambda: 0,
    module="prices",
    talib="WCLPRICE",
)

ENTRIES = (AVGPRICE, MEDPRICE, TYPPRICE, WCLPRICE, HA, AVGDEV)
