"""The dominant cycle by the Hilbert transform: period, components, phase, sine, and whether the market trends."""

from indicators.entry import Entry

SOURCE = "J. F. Ehlers, Rocket Science for Traders (2001)"
EARLY_LEADING, PHASE_LEADING = 32, 63
# The transform's, smoothed period, phase, a ring of 50 prices; the sines, bars since they crossed, three means, last phase.
CYCLE_STATE, PHASE_STATE, TREND_STATE = 38, 89, 96

HT_DCPERIOD = Entry(
    name="ht_dcperiod",
    group="cycle",
    summary="Period of the dominant cycle",
    about="Length in bars of the cycle that dominates the price, 6 to 50, measured with a Hilbert transform and smoothed",
    source=f"{SOURCE}; TA-Lib HT_DCPERIOD",
    inputs=("real",),
    outputs=("ht_dcperiod",),
    leading=lambda: EARLY_LEADING,
    module="cycles",
    state=CYCLE_STATE,
    talib="HT_DCPERIOD",
)

HT_PHASOR = Entry(
    name="ht_phasor",
    group="cycle",
    summary="Components of the dominant cycle",
    about="The part of the detrended price that is in phase with the cycle, and the part a quarter of a cycle ahead",
    source=f"{SOURCE}; TA-Lib HT_PHASOR",
    inputs=("real",),
    outputs=("inphase", "quadrature"),
    leading=lambda: EARLY_LEADING,
    module="cycles",
    state=CYCLE_STATE,
    talib="HT_PHASOR",
)

HT_DCPHASE = Entry(
    name="ht_dcphase",
    group="cycle",
    summary="Phase of the dominant cycle",
    about=(
        "Where the price stands in its dominant cycle, in degrees from -45 to 315. In a trend it stands still; over prices "
        "that do not move at all it is rounding noise"
    ),
    source=f"{SOURCE}; TA-Lib HT_DCPHASE",
    inputs=("real",),
    outputs=("ht_dcphase",),
    leading=lambda: PHASE_LEADING,
    module="cycles",
    state=PHASE_STATE,
    talib="HT_DCPHASE",
)

HT_SINE = Entry(
    name="ht_sine",
    group="cycle",
    summary="Sine wave indicator",
    about="Sine of the phase of the dominant cycle, and the sine an eighth of a cycle later, which crosses it at turns",
    source=f"{SOURCE}; TA-Lib HT_SINE",
    inputs=("real",),
    outputs=("sine", "leadsine"),
    leading=lambda: PHASE_LEADING,
    module="cycles",
    state=PHASE_STATE,
    talib="HT_SINE",
)

HT_TRENDMODE = Entry(
    name="ht_trendmode",
    group="cycle",
    summary="Trend or cycle",
    about=(
        "1 in a trend, 0 in a cycle: a trend where the sines have not crossed for half a cycle and the phase does not turn at "
        "the cycle's pace, or where the price is 1.5 per cent off the instantaneous trend line"
    ),
    source=f"{SOURCE}; TA-Lib HT_TRENDMODE",
    inputs=("real",),
    outputs=("ht_trendmode",),
    leading=lambda: PHASE_LEADING,
    module="cycles",
    state=TREND_STATE,
    kind="count",
    talib="HT_TRENDMODE",
)

ENTRIES: tuple[Entry, ...] = (HT_DCPERIOD, HT_DCPHASE, HT_PHASOR, HT_SINE, HT_TRENDMODE)
