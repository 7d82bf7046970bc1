"""Price weighed with volume: OBV, VWAP. Both are sums from the first bar of what is passed in."""

from indicators.entry import Entry

OBV = Entry(
    name="obv",
    group="volume",
    summary="On balance volume",
    about=(
        "Volume added up from the first bar on, with the sign of the change of the price; starts with the first "
        "bar's volume, as TA-Lib does"
    ),
    source="J. Granville, New Key to Stock Market Profits (1963); TA-Lib OBV",
    inputs=("real", "volume"),
    outputs=("obv",),
    leading=lambda: 0,
    module="volume",
    state=lambda: 1,
    talib="OBV",
)

VWAP = Entry(
    name="vwap",
    group="volume",
    summary="Volume weighted average price since the first bar",
    about=(
        "Sum of typical price times volume over sum of volume from the first bar that is passed in; 0 before the "
        "first trade. Bars that are not finite are left out"
    ),
    source="sum of typical price times volume over sum of volume; TA-Lib VWAP (0.8)",
    inputs=("high", "low", "close", "volume"),
    outputs=("vwap",),
    leading=lambda: 0,
    module="volume",
    state=lambda: 3,
    talib="VWAP",
)

ENTRIES = (OBV, VWAP)
