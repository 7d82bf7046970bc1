"""Where the price stands in the range of a window: the stochastic oscillators, KDJ, Williams %R, SMI."""

from indicators import checks, matypes
from indicators.entry import Entry
from indicators.matypes import average_leading, average_state


def _slow_leading(fastk_period: int, slowk_period: int, slowk_matype: int, slowd_period: int, slowd_matype: int) -> int:
    return fastk_period - 1 + average_leading(slowk_period, slowk_matype) + average_leading(slowd_period, slowd_matype)


def _slow_state(fastk_period: int, slowk_period: int, slowk_matype: int, slowd_period: int, slowd_matype: int) -> int:
    each = max(average_state(slowk_period, slowk_matype), average_state(slowd_period, slowd_matype))
    return 3 + 2 * fastk_period + 2 * each


def _stochrsi_leading(period: int, fastk_period: int, fastd_period: int, fastd_matype: int) -> int:
    return period + fastk_period - 1 + average_leading(fastd_period, fastd_matype)


def _stochrsi_state(period: int, fastk_period: int, fastd_period: int, fastd_matype: int) -> int:  # noqa: ARG001
    return 4 + 3 * fastk_period + average_state(fastd_period, fastd_matype)


STOCH = Entry(
    name="stoch",
    group="momentum",
    summary="Stochastic oscillator, slow",
    about=(
        "Where the close stands between lowest low and highest high, 0 to 100 (0 for a window without range), "
        "smoothed once and twice"
    ),
    source="G. C. Lane, Lane's Stochastics (1984); TA-Lib STOCH",
    inputs=("high", "low", "close"),
    outputs=("slowk", "slowd"),
    parameters={
        "fastk_period": checks.period(5, low=1),
        "slowk_period": checks.period(3, low=1),
        "slowk_matype": checks.matype(),
        "slowd_period": checks.period(3, low=1),
        "slowd_matype": checks.matype(),
    },
    leading=_slow_leading,
    module="stochastics",
    state=_slow_state,
    talib="STOCH",
)

STOCHF = Entry(
    name="stochf",
    group="momentum",
    summary="Stochastic oscillator, fast",
    about=(
        "Where the close stands between lowest low and highest high, 0 to 100 (0 for a window without range), and an average "
        "of that"
    ),
    source="G. C. Lane, Lane's Stochastics (1984); TA-Lib STOCHF",
    inputs=("high", "low", "close"),
    outputs=("fastk", "fastd"),
    parameters={
        "fastk_period": checks.period(5, low=1),
        "fastd_period": checks.period(3, low=1),
        "fastd_matype": checks.matype(),
    },
    leading=lambda fastk_period, fastd_period, fastd_matype: fastk_period - 1 + average_leading(fastd_period, fastd_matype),
    module="stochastics",
    state=lambda fastk_period, fastd_period, fastd_matype: 2 + 2 * fastk_period + average_state(fastd_period, fastd_matype),
    talib="STOCHF",
)

STOCHRSI = Entry(
    name="stochrsi",
    group="momentum",
    summary="Stochastic oscillator of the RSI",
    about=(
        "Where the RSI stands between its own lowest and highest value, 0 to 100, and an average of that. The authors give 0 to "
        "1, unsmoothed, with equal periods; other tools average the first output too"
    ),
    source="T. S. Chande and S. Kroll, Stochastic RSI and Dynamic Momentum Index (1993); TA-Lib STOCHRSI",
    inputs=("real",),
    outputs=("fastk", "fastd"),
    parameters={
        "period": checks.period(14),
        "fastk_period": checks.period(5, low=1),
        "fastd_period": checks.period(3, low=1),
        "fastd_matype": checks.matype(),
    },
    leading=_stochrsi_leading,
    module="stochastics",
    state=_stochrsi_state,
    talib="STOCHRSI",
)

KDJ = Entry(
    name="kdj",
    group="momentum",
    summary="KDJ stochastic",
    about=(
        "K and D are slow K and slow D of the stochastic oscillator, smoothed in Wilder's way unless the `matype` say "
        "otherwise; J is 3 K - 2 D and may leave 0 to 100. The averages are seeded with the mean of their first window, where "
        "some tools begin with 50"
    ),
    source="G. C. Lane, Lane's Stochastics (1984); TA-Lib KDJ",
    inputs=("high", "low", "close"),
    outputs=("k", "d", "j"),
    parameters={
        "fastk_period": checks.period(9, low=1),
        "slowk_period": checks.period(3, low=1),
        "slowk_matype": checks.matype(matypes.RMA),
        "slowd_period": checks.period(3, low=1),
        "slowd_matype": checks.matype(matypes.RMA),
    },
    leading=_slow_leading,
    module="stochastics",
    state=_slow_state,
    talib="KDJ",
)

WILLR = Entry(
    name="willr",
    group="momentum",
    summary="Williams %R",
    about=(
        "Distance of the close below the highest high in percent of the range, 0 (at the top) to -100 (at the bottom); 0 for a "
        "window without range"
    ),
    source="L. Williams, How I Made One Million Dollars (1973); TA-Lib WILLR",
    inputs=("high", "low", "close"),
    outputs=("willr",),
    parameters={
        "period": checks.period(14),
    },
    leading=lambda period: period - 1,
    module="stochastics",
    state=lambda period: 2 * period,
    talib="WILLR",
)

SMI = Entry(
    name="smi",
    group="momentum",
    summary="Stochastic momentum index",
    about=(
        "Distance of the close from the middle of the range, smoothed by two EMA in turn (slow, then fast), in percent of half "
        "the range smoothed the same way, -100 to 100 (0 without range), and the EMA of that"
    ),
    source="W. Blau, Stochastic Momentum, Technical Analysis of Stocks and Commodities (1993); TA-Lib SMI",
    inputs=("high", "low", "close"),
    outputs=("smi", "signal"),
    parameters={
        "period": checks.period(13),
        "fastperiod": checks.period(2),
        "slowperiod": checks.period(25),
        "signalperiod": checks.period(9),
    },
    leading=lambda period, fastperiod, slowperiod, signalperiod: period + fastperiod + slowperiod + signalperiod - 4,
    module="stochastics",
    state=lambda period, **_: 10 + 2 * period,
    talib="SMI",
)

ENTRIES = (STOCH, STOCHF, STOCHRSI, KDJ, WILLR, SMI)
