"""Volume weighted average prices: since the first bar, since the session began, over a window."""

from indicators import checks
from indicators.checks import Parameter
from indicators.entry import Entry

MINUTES_MAX = 525_600

VWAP = Entry(
    name="vwap",
    group="volume",
    summary="Volume weighted average price since the first bar",
    about=(
        "Sum of typical price times volume over sum of volume from the first bar that is passed in; 0 before the "
        "first trade. Bars that are not finite are left out. vwap_session begins anew every day, as charts do"
    ),
    source="sum of typical price times volume over sum of volume; TA-Lib VWAP (0.8)",
    inputs=("high", "low", "close", "volume"),
    outputs=("vwap",),
    leading=lambda: 0,
    module="vwap",
    state=2,
    talib="VWAP",
)

VWAP_SESSION = Entry(
    name="vwap_session",
    group="volume",
    summary="Volume weighted average price since the session began",
    about=(
        "Sum of typical price times volume over sum of volume, both from the first bar of the session on. Time is the opening "
        "of the bar in milliseconds since 1970, UTC; sessions are as long as session_minutes says and are counted from there, "
        "so 1440 begins anew at midnight UTC. The typical price of the bar where the session has no trade yet. Bars that are "
        "not finite are left out. The first session that is passed in begins with the first bar, wherever that falls"
    ),
    source="S. A. Berkowitz, D. E. Logue, E. A. Noser, The Total Cost of Transactions on the NYSE (1988); the day's VWAP",
    inputs=("high", "low", "close", "volume", "time"),
    outputs=("vwap_session",),
    parameters={
        "session_minutes": Parameter(int, 1440, 1, MINUTES_MAX, f"an integer from 1 to {MINUTES_MAX}"),
    },
    leading=lambda **_: 0,
    module="vwap",
    state=3,
)

VWAP_ROLLING = Entry(
    name="vwap_rolling",
    group="volume",
    summary="Volume weighted average price of the window",
    about=(
        "Sum of typical price times volume over sum of volume of the last period bars; the typical price of the bar where none "
        "of them has a trade. Bars that are not finite are left out. With closes instead of typical prices it is the volume "
        "weighted moving average"
    ),
    source="sum of typical price times volume over sum of volume, over a window",
    inputs=("high", "low", "close", "volume"),
    outputs=("vwap_rolling",),
    parameters={"period": checks.period(20, low=1)},
    leading=lambda period: period - 1,
    module="vwap",
    state=lambda period: 2 * period + 3,
)

ENTRIES = (VWAP, VWAP_SESSION, VWAP_ROLLING)
