"""Moving averages beyond the simple ones."""

from indicators.checks import Parameter
from indicators.entry import Entry

_LIMIT = "a number from 0.01 to 0.99"

MAMA = Entry(
    name="mama",
    group="overlap",
    summary="MESA adaptive moving average",
    about=(
        "An exponential average whose weight is fastlimit divided by the degrees that the dominant cycle turned in this "
        "bar, never below slowlimit; fama follows it with half the weight. Begins at 0, as TA-Lib does, so that the first "
        "values still rise from there"
    ),
    source="J. F. Ehlers, MAMA: the Mother of Adaptive Moving Averages (2001); TA-Lib MAMA",
    inputs=("real",),
    outputs=("mama", "fama"),
    parameters={
        "fastlimit": Parameter(float, 0.5, 0.01, 0.99, _LIMIT),
        "slowlimit": Parameter(float, 0.05, 0.01, 0.99, _LIMIT),
    },
    leading=lambda **_: 32,
    module="adaptive",
    state=40,
    talib="MAMA",
)

HT_TRENDLINE = Entry(
    name="ht_trendline",
    group="overlap",
    summary="Hilbert transform, instantaneous trend line",
    about="Mean of the price over one period of the dominant cycle, smoothed over four bars with weights 4 3 2 1",
    source="J. F. Ehlers, Rocket Science for Traders (2001); TA-Lib HT_TRENDLINE",
    inputs=("real",),
    outputs=("ht_trendline",),
    leading=lambda: 63,
    module="adaptive",
    state=43,
    talib="HT_TRENDLINE",
)

ENTRIES = (MAMA, HT_TRENDLINE)
