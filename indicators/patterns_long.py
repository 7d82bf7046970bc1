"""Candlestick patterns of three and more bars.

100 marks a pattern that speaks for rising prices, -100 one for falling ones, on its last bar; 0 is no pattern. What is long,
short, near or equal is judged by the bars before, with TA-Lib's settings.
"""

from indicators import checks
from indicators.entry import Entry

MORRIS = "G. L. Morris, Candlepower (1992); TA-Lib"
NISON = "S. Nison, Japanese Candlestick Charting Techniques (1991); TA-Lib"
CHESLER = "D. L. Chesler, Trading False Moves with the Hikkake Pattern, Active Trader (2004); TA-Lib"


def pattern(
    talib: str,
    summary: str,
    about: str,
    module: str,
    leading: int,
    state: int = 0,
    source: str = NISON,
    penetration: float | None = None,
) -> Entry:
    """A pattern over open, high, low and close; the time of its first result does not depend on parameters."""
    name = talib.lower()
    return Entry(
        name=name,
        group="pattern",
        summary=summary,
        about=about,
        source=f"{source} {talib}",
        inputs=("open", "high", "low", "close"),
        outputs=(name,),
        parameters={} if penetration is None else {"penetration": checks.penetration(penetration)},
        leading=lambda **_: leading,
        module=module,
        state=state,
        kind="count",
        talib=talib,
    )


MARCHES = (
    pattern(
        "CDL2CROWS",
        "Two crows",
        "-100: after a long white candle and a gap up, two black candles; the second opens within the body of the first and "
        "closes within the white one",
        "patterns_crows",
        leading=12,
        state=2,
        source=MORRIS,
    ),
    pattern(
        "CDLUPSIDEGAP2CROWS",
        "Upside gap two crows",
        "-100: after a long white candle and a gap up, a short black candle and one whose body engulfs it, which still closes "
        "above the white one",
        "patterns_crows",
        leading=12,
        state=4,
    ),
    pattern(
        "CDL3BLACKCROWS",
        "Three black crows",
        "-100: after a white candle, three black ones almost without lower shadows, each opening within the body before it and "
        "closing lower; the first closes below the high of the white candle",
        "patterns_crows",
        leading=13,
        state=6,
    ),
    pattern(
        "CDLIDENTICAL3CROWS",
        "Identical three crows",
        "-100: three black candles almost without lower shadows, each closing lower, the second and third opening about where "
        "the one before closed. What came before is not looked at",
        "patterns_crows",
        leading=12,
        state=10,
        source=MORRIS,
    ),
    pattern(
        "CDL3WHITESOLDIERS",
        "Three advancing white soldiers",
        "100: three white candles almost without upper shadows, each opening within or near the body before it and closing "
        "higher, none far shorter than the one before, the last not short",
        "patterns_marches",
        leading=12,
        state=16,
    ),
    pattern(
        "CDLADVANCEBLOCK",
        "Advance block",
        "-100: three white candles with rising closes, the first long, whose bodies shrink or whose upper shadows grow: a rise "
        "that tires. Any one of four ways to weaken is enough, as in TA-Lib",
        "patterns_marches",
        leading=12,
        state=16,
    ),
    pattern(
        "CDLSTALLEDPATTERN",
        "Stalled pattern",
        "-100: two long white candles, the second almost without an upper shadow, then a short white one that opens about "
        "where they ended",
        "patterns_marches",
        leading=12,
        state=12,
    ),
)

TURNS = (
    pattern(
        "CDL3INSIDE",
        "Three inside up or down",
        "100 or -100: a long candle, a short one with its body inside that of the first, and one of the other colour than the "
        "first that closes beyond its open",
        "patterns_gaps",
        leading=12,
        state=4,
        source=MORRIS,
    ),
    pattern(
        "CDL3OUTSIDE",
        "Three outside up or down",
        "100 or -100: a candle whose body engulfs the one before, of the other colour, and a close further on",
        "patterns_gaps",
        leading=3,
        source=MORRIS,
    ),
    pattern(
        "CDLSTICKSANDWICH",
        "Stick sandwich",
        "100: two black candles with about the same close, a white one between them that stays above that close",
        "patterns_gaps",
        leading=7,
        state=2,
        source=MORRIS,
    ),
    pattern(
        "CDLGAPSIDESIDEWHITE",
        "Up or down gap side-by-side white lines",
        "100 after a gap up, -100 after a gap down: two white candles with about the same open and body, both beyond the gap",
        "patterns_gaps",
        leading=7,
        state=4,
    ),
    pattern(
        "CDLTASUKIGAP",
        "Tasuki gap",
        "100 after a gap up, -100 after a gap down: a candle in the direction of the gap, and one of the other colour and about "
        "the same size that opens in its body and closes within the gap",
        "patterns_gaps",
        leading=7,
        state=2,
    ),
    pattern(
        "CDLXSIDEGAP3METHODS",
        "Upside or downside gap three methods",
        "100 after a gap up, -100 after a gap down: two candles of one colour with a gap between them, and one of the other "
        "colour that reaches from the body of the second into that of the first",
        "patterns_gaps",
        leading=2,
        source=MORRIS,
    ),
)

STARS = (
    pattern(
        "CDLEVENINGSTAR",
        "Evening star",
        "-100: a long white candle, a short one whose body lies above, and a black one, not short, that closes below the first "
        "close by more than `penetration` of the first body",
        "patterns_stars",
        leading=12,
        state=6,
        penetration=0.3,
    ),
    pattern(
        "CDLEVENINGDOJISTAR",
        "Evening doji star",
        "-100: as the evening star, with a doji in the middle",
        "patterns_stars",
        leading=12,
        state=6,
        penetration=0.3,
    ),
    pattern(
        "CDLMORNINGSTAR",
        "Morning star",
        "100: a long black candle, a short one whose body lies below, and a white one, not short, that closes above the first "
        "close by more than `penetration` of the first body",
        "patterns_stars",
        leading=12,
        state=6,
        penetration=0.3,
    ),
    pattern(
        "CDLMORNINGDOJISTAR",
        "Morning doji star",
        "100: as the morning star, with a doji in the middle",
        "patterns_stars",
        leading=12,
        state=6,
        penetration=0.3,
    ),
    pattern(
        "CDLABANDONEDBABY",
        "Abandoned baby",
        "100 or -100: as the morning and evening doji star, with gaps before and after the doji that no shadow enters",
        "patterns_stars",
        leading=12,
        state=6,
        penetration=0.3,
    ),
    pattern(
        "CDLTRISTAR",
        "Tristar",
        "100 or -100: three dojis, the second below (above) a gap and further out than the third. All three are judged by what "
        "counts as a doji at the first",
        "patterns_stars",
        leading=12,
        state=2,
    ),
    pattern(
        "CDLUNIQUE3RIVER",
        "Unique three river",
        "100: a long black candle, a black one with its body inside and a lower low, and a short white one that opens above "
        "that low. Where it closes is not looked at, as in TA-Lib",
        "patterns_stars",
        leading=12,
        state=6,
    ),
    pattern(
        "CDL3STARSINSOUTH",
        "Three stars in the south",
        "100: three black candles, a long one with a long lower shadow, a shorter one like it with a low that is not lower, and "
        "a short one almost without shadows inside the range of the second",
        "patterns_stars",
        leading=12,
        state=8,
        source=MORRIS,
    ),
)

CAMPAIGNS = (
    pattern(
        "CDL3LINESTRIKE",
        "Three-line strike",
        "100 after three rising white candles, -100 after three falling black ones: a candle of the other colour that opens "
        "beyond the last and closes beyond the first open. It is taken as a pause in the trend, the sign is that of the trend",
        "patterns_campaigns",
        leading=8,
        state=4,
        source=MORRIS,
    ),
    pattern(
        "CDLCONCEALBABYSWALL",
        "Concealing baby swallow",
        "100: two black candles almost without shadows, a black one after a gap down whose upper shadow reaches into the body "
        "before it, and a black one that hides it, shadows included",
        "patterns_campaigns",
        leading=13,
        state=6,
        source=MORRIS,
    ),
    pattern(
        "CDLLADDERBOTTOM",
        "Ladder bottom",
        "100: three black candles with falling opens and closes, a black one with an upper shadow, and a white one that opens "
        "above its body and closes above its high",
        "patterns_campaigns",
        leading=14,
        state=2,
        source=MORRIS,
    ),
    pattern(
        "CDLBREAKAWAY",
        "Breakaway",
        "100 or -100: a long candle, a gap, two candles that go on with higher (lower) highs and lows, the last of them of the "
        "same colour, and one of the other colour that closes within the gap",
        "patterns_campaigns",
        leading=14,
        state=2,
        source=MORRIS,
    ),
    pattern(
        "CDLMATHOLD",
        "Mat hold",
        "100: a long white candle, a short black one after a gap up, two short ones that sink into the first body by less than "
        "`penetration` of it, and a white one that closes above all their highs",
        "patterns_campaigns",
        leading=14,
        state=8,
        penetration=0.5,
    ),
    pattern(
        "CDLRISEFALL3METHODS",
        "Rising or falling three methods",
        "100 or -100: a long candle, three short ones of the other colour that go back within its range, and a long one of the "
        "first colour that closes beyond the first close",
        "patterns_campaigns",
        leading=14,
        state=10,
    ),
)

HIKKAKES = (
    pattern(
        "CDLHIKKAKE",
        "Hikkake",
        "100 (-100): an inside bar, then one with lower (higher) high and low, a break that may prove false. 200 (-200) where "
        "one of the next three bars closes above the high (below the low) of the inside bar: the pattern is confirmed",
        "patterns_hikkake",
        leading=5,
        state=4,
        source=CHESLER,
    ),
    pattern(
        "CDLHIKKAKEMOD",
        "Modified hikkake",
        "As the hikkake, 100, -100 and confirmed 200, -200, with two inside bars, one in the other, the first of which closes "
        "near its low (high)",
        "patterns_hikkake",
        leading=10,
        state=6,
        source=CHESLER,
    ),
)

ENTRIES = (*MARCHES, *TURNS, *STARS, *CAMPAIGNS, *HIKKAKES)
