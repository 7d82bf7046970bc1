"""Indicators that TA-Lib lacks."""

from indicators import checks
from indicators.checks import Parameter
from indicators.entry import Entry


def _multiple(default: float) -> Parameter:
    return Parameter(float, default, 0.0, 3e37, "a number from 0 on")


ICHIMOKU = Entry(
    name="ichimoku",
    group="overlap",
    summary="Ichimoku Kinko Hyo: conversion, base, cloud and lagging line",
    about=(
        "Everything stands on the bar on which it may be used. conversion and base: middles between highest high and lowest "
        "low, this bar included. span_a and span_b: the two edges of the cloud that lie at this bar, which were computed "
        "`displacement` bars ago. lagging: the close of `displacement` bars ago, beside which charts draw this bar's close as "
        "the lagging line; `close > lagging` says that it is above the price. Tools that count the current bar as the first "
        "of 26 shift by 25"
    ),
    source="G. Hosoda, Ichimoku Kinko Hyo (1969)",
    inputs=("high", "low", "close"),
    outputs=("conversion", "base", "span_a", "span_b", "lagging"),
    parameters={
        "conversion_period": checks.period(9, low=1),
        "base_period": checks.period(26, low=1),
        "span_period": checks.period(52, low=1),
        "displacement": checks.period(26, low=0),
    },
    leading=lambda conversion_period, base_period, span_period, displacement: (
        max(conversion_period, base_period, span_period) - 1 + displacement
    ),
    module="clouds",
    state=lambda conversion_period, base_period, span_period, displacement: (
        6 + 2 * (conversion_period + base_period + span_period + displacement)
    ),
)

ENVELOPE = Entry(
    name="envelope",
    group="overlap",
    summary="Moving average envelope",
    about="Simple moving average, and the same with `percent` per cent of it added and taken away",
    source="J. M. Hurst, The Profit Magic of Stock Transaction Timing (1970)",
    inputs=("real",),
    outputs=("upper", "middle", "lower"),
    parameters={"period": checks.period(20), "percent": checks.factor(2.5)},
    leading=lambda period, **_: period - 1,
    module="clouds",
    state=2,
)

LINEAR_CHANNEL = Entry(
    name="linear_channel",
    group="overlap",
    summary="Linear regression channel",
    about=(
        "End of the least-squares line of the window (TA-Lib's LINEARREG), and `nbdev` deviations of the window from that "
        "line above and below it. The deviation divides by the number of bars; standard error bands divide by two less"
    ),
    source="G. Raff, Trading the Regression Channel (1991), with standard deviations for the width",
    inputs=("real",),
    outputs=("upper", "middle", "lower"),
    parameters={"period": checks.period(100), "nbdev": checks.factor(2.0)},
    leading=lambda period, **_: period - 1,
    module="clouds",
    state=3,
)

SQUEEZE = Entry(
    name="squeeze",
    group="volatility",
    summary="Squeeze: whether the Bollinger bands lie inside the Keltner channel",
    about=(
        "True while `nbdev` standard deviations of the close are less than `nbrange` mean true ranges over the same window. "
        "Both bands lie around the simple moving average; the deviation divides by the number of bars, the true range is "
        "averaged plainly (some tools take Wilder's average), the first bar has none. `squeeze_momentum` tells the direction"
    ),
    source="J. F. Carter, Mastering the Trade (2005), TTM Squeeze",
    inputs=("high", "low", "close"),
    outputs=("squeeze",),
    parameters={"period": checks.period(20), "nbdev": _multiple(2.0), "nbrange": _multiple(1.5)},
    leading=lambda period, **_: period,
    module="squeezes",
    state=lambda period, **_: 3 + period,
    kind="condition",
)

SQUEEZE_MOMENTUM = Entry(
    name="squeeze_momentum",
    group="momentum",
    summary="Momentum that goes with the squeeze",
    about=(
        "Distance of the close from the middle of the market (the mean of the Donchian middle and of the simple moving "
        "average), smoothed by the end of a least-squares line over the same number of bars; above 0 a squeeze is expected "
        "to end upwards"
    ),
    source="J. F. Carter, Mastering the Trade (2005), in the form that LazyBear published (2014)",
    inputs=("high", "low", "close"),
    outputs=("momentum",),
    parameters={"period": checks.period(20)},
    leading=lambda period: 2 * (period - 1),
    module="squeezes",
    state=lambda period: 4 + 3 * period,
)

CHOPPINESS = Entry(
    name="choppiness",
    group="volatility",
    summary="Choppiness index",
    about=(
        "Sum of the true ranges of the last `period` bars over the range of all of them, as a logarithm to the base of "
        "`period`, times 100: 0 for a straight way, 100 for none. 100 where the window has no range. The first bar has no "
        "true range"
    ),
    source="E. W. Dreiss, Choppiness Index (1991)",
    inputs=("high", "low", "close"),
    outputs=("choppiness",),
    parameters={"period": checks.period(14)},
    leading=lambda period: period,
    module="squeezes",
    state=lambda period: 3 + 3 * period,
)

FISHER = Entry(
    name="fisher",
    group="momentum",
    summary="Fisher transform",
    about=(
        "Place of the mid price in its range of `period` bars, -1 to 1, smoothed (0.33 new, 0.67 old), transformed, and "
        "smoothed by half of what it was; the signal is the transform of one bar ago. As Ehlers, places beyond 0.99 count as "
        "0.999; a window without range counts as its middle. Both smoothings start from 0 with the first whole window, and "
        "forget that within some tens of bars"
    ),
    source="J. F. Ehlers, Using the Fisher Transform, Stocks & Commodities 20 (2002)",
    inputs=("high", "low"),
    outputs=("fisher", "signal"),
    parameters={"period": checks.period(10)},
    leading=lambda period: period,
    module="measures",
    state=lambda period: 4 + period,
)

CONNORS_RSI = Entry(
    name="connors_rsi",
    group="momentum",
    summary="Connors RSI",
    about=(
        "Mean of three numbers from 0 to 100: RSI of the price, RSI of the streak (bars in a row that rose, as a positive "
        "number, or fell, as a negative one), and the per cent of the `rank_period` one-bar changes before this one that were "
        "smaller than this one. Both RSI as `rsi`: Wilder's averages, 0 where nothing moved"
    ),
    source="L. Connors and C. Alvarez, An Introduction to ConnorsRSI (2012)",
    inputs=("real",),
    outputs=("connors_rsi",),
    parameters={"period": checks.period(3), "streak_period": checks.period(2), "rank_period": checks.period(100)},
    leading=lambda period, streak_period, rank_period: max(period, streak_period, rank_period + 1),
    module="measures",
    state=lambda rank_period, **_: 7 + rank_period,
)

STOCH_OF = Entry(
    name="stoch_of",
    group="momentum",
    summary="Stochastic oscillator of any series",
    about=(
        "Where the value stands between the lowest and the highest of its own window, 0 to 100 (0 for a window without "
        "range), smoothed once and twice by simple averages: `stoch(real, real, real)`. With `rsi(close)` it is the "
        "stochastic RSI; `slowk_period` 1 leaves out the first smoothing"
    ),
    source="G. C. Lane, Lane's Stochastics (1984), of one series",
    inputs=("real",),
    outputs=("slowk", "slowd"),
    parameters={
        "fastk_period": checks.period(14, low=1),
        "slowk_period": checks.period(3, low=1),
        "slowd_period": checks.period(3, low=1),
    },
    leading=lambda fastk_period, slowk_period, slowd_period: fastk_period + slowk_period + slowd_period - 3,
    module="measures",
    state=lambda fastk_period, slowk_period, slowd_period: 4 + 2 * fastk_period + slowk_period + slowd_period,
)

ZSCORE = Entry(
    name="zscore",
    group="statistic",
    summary="Distance from the mean in standard deviations",
    about=(
        "(value - mean) / standard deviation of the last `period` values, this one included; the deviation divides by the "
        "number of values (ddof 0), as STDDEV does. 0 where the window stands still"
    ),
    source="standard score of the window",
    inputs=("real",),
    outputs=("zscore",),
    parameters={"period": checks.period(20)},
    leading=lambda period: period - 1,
    module="measures",
    state=2,
)

VOLUME_PROFILE = Entry(
    name="volume_profile",
    group="volume",
    summary="Volume profile of the window: point of control and value area",
    about=(
        "The range from lowest low to highest high of the last `period` bars is cut into `bins` equal parts, and the volume "
        "of each bar counted where its typical price lies. poc: middle of the fullest part (of equal ones the lowest). "
        "value_area_low and value_area_high: edges of what holds 70 % of the volume, grown from the point of control by the "
        "fuller neighbour, of equal ones the upper. The time needed grows with the period"
    ),
    source="J. P. Steidlmayer, Market Profile, Chicago Board of Trade (1985), with volume in place of time",
    inputs=("high", "low", "close", "volume"),
    outputs=("poc", "value_area_low", "value_area_high"),
    parameters={"period": checks.period(100), "bins": Parameter(int, 24, 2, 1000, "an integer from 2 to 1000")},
    leading=lambda period, **_: period - 1,
    module="profiles",
    state=lambda period, bins: 4 + 3 * period + bins,
)

VWAP_ANCHORED = Entry(
    name="vwap_anchored",
    group="volume",
    summary="Volume weighted average price since the condition last held",
    about=(
        "Typical prices weighed with volume, from the last bar on which the condition held, that bar included; before the "
        "first such bar, from the first of the series on. With a condition that holds on the first bar of each day it is the "
        "VWAP of the session. The typical price itself until there is volume"
    ),
    source="volume weighted average price, (high + low + close) / 3; B. Shannon for the anchor",
    inputs=("high", "low", "close", "volume", "condition"),
    outputs=("vwap_anchored",),
    leading=lambda: 0,
    module="profiles",
    state=2,
)

ENTRIES = (
    ICHIMOKU,
    ENVELOPE,
    LINEAR_CHANNEL,
    SQUEEZE,
    SQUEEZE_MOMENTUM,
    CHOPPINESS,
    FISHER,
    CONNORS_RSI,
    STOCH_OF,
    ZSCORE,
    VOLUME_PROFILE,
    VWAP_ANCHORED,
)
