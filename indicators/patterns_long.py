"""Candlestick patterns of three and more bars.

100 marks a pattern that speaks for rising prices, -100 one for falling ones, on its last bar; 0 is no pattern. What is long,
short, near or equal is judged by the bars before, with TA-Lib's settings.
"""

from indicators import checks
from indicators.patterns import NISON, pattern

CANDLEPOWER = "G. L. Morris, Candlepower (1992)"
CHESLER = "D. L. Chesler, Trading False Moves with the Hikkake Pattern, Active Trader (2004)"

MARCHES = (
    pattern(
        "cdl2crows",
        "Two crows",
        "-100: after a long white candle and a gap up, two black candles; the second opens within the body of the first and "
        "closes within the white one",
        module="patterns_crows",
        leading=12,
        state=2,
        source=CANDLEPOWER,
    ),
    pattern(
        "cdlupsidegap2crows",
        "Upside gap two crows",
        "-100: after a long white candle and a gap up, a short black candle and one whose body engulfs it, which still closes "
        "above the white one",
        module="patterns_crows",
        leading=12,
        state=4,
        source=NISON,
    ),
    pattern(
        "cdl3blackcrows",
        "Three black crows",
        "-100: after a white candle, three black ones almost without lower shadows, each opening within the body before it and "
        "closing lower; the first closes below the high of the white candle",
        module="patterns_crows",
        leading=13,
        state=6,
        source=NISON,
    ),
    pattern(
        "cdlidentical3crows",
        "Identical three crows",
        "-100: three black candles almost without lower shadows, each closing lower, the second and third opening about where "
        "the one before closed. What came before is not looked at",
        module="patterns_crows",
        leading=12,
        state=10,
        source=CANDLEPOWER,
    ),
    pattern(
        "cdl3whitesoldiers",
        "Three advancing white soldiers",
        "100: three white candles almost without upper shadows, each opening within or near the body before it and closing "
        "higher, none far shorter than the one before, the last not short",
        module="patterns_marches",
        leading=12,
        state=16,
        source=NISON,
    ),
    pattern(
        "cdladvanceblock",
        "Advance block",
        "-100: three white candles with rising closes, the first long, whose bodies shrink or whose upper shadows grow: a rise "
        "that tires. Any one of four ways to weaken is enough, as in TA-Lib",
        module="patterns_marches",
        leading=12,
        state=16,
        source=NISON,
    ),
    pattern(
        "cdlstalledpattern",
        "Stalled pattern",
        "-100: two long white candles, the second almost without an upper shadow, then a short white one that opens about "
        "where they ended",
        module="patterns_marches",
        leading=12,
        state=12,
        source=NISON,
    ),
)

TURNS = (
    pattern(
        "cdl3inside",
        "Three inside up or down",
        "100 or -100: a long candle, a short one with its body inside that of the first, and one of the other colour than the "
        "first that closes beyond its open",
        module="patterns_gaps",
        leading=12,
        state=4,
        source=CANDLEPOWER,
    ),
    pattern(
        "cdl3outside",
        "Three outside up or down",
        "100 or -100: a candle whose body engulfs the one before, of the other colour, and a close further on",
        module="patterns_gaps",
        leading=3,
        source=CANDLEPOWER,
    ),
    pattern(
        "cdlsticksandwich",
        "Stick sandwich",
        "100: two black candles with about the same close, a white one between them that stays above that close",
        module="patterns_gaps",
        leading=7,
        state=2,
        source=CANDLEPOWER,
    ),
    pattern(
        "cdlgapsidesidewhite",
        "Up or down gap side-by-side white lines",
        "100 after a gap up, -100 after a gap down: two white candles with about the same open and body, both beyond the gap",
        module="patterns_gaps",
        leading=7,
        state=4,
        source=NISON,
    ),
    pattern(
        "cdltasukigap",
        "Tasuki gap",
        "100 after a gap up, -100 after a gap down: a candle in the direction of the gap, and one of the other colour and about "
        "the same size that opens in its body and closes within the gap",
        module="patterns_gaps",
        leading=7,
        state=2,
        source=NISON,
    ),
    pattern(
        "cdlxsidegap3methods",
        "Upside or downside gap three methods",
        "100 after a gap up, -100 after a gap down: two candles of one colour with a gap between them, and one of the other "
        "colour that reaches from the body of the second into that of the first",
        module="patterns_gaps",
        leading=2,
        source=CANDLEPOWER,
    ),
)

STARS = (
    pattern(
        "cdleveningstar",
        "Evening star",
        "-100: a long white candle, a short one whose body lies above, and a black one, not short, that closes below the first "
        "close by more than `penetration` of the first body",
        module="patterns_stars",
        leading=12,
        state=6,
        parameters={"penetration": checks.penetration(0.3)},
        source=NISON,
    ),
    pattern(
        "cdleveningdojistar",
        "Evening doji star",
        "-100: as the evening star, with a doji in the middle",
        module="patterns_stars",
        leading=12,
        state=6,
        parameters={"penetration": checks.penetration(0.3)},
        source=NISON,
    ),
    pattern(
        "cdlmorningstar",
        "Morning star",
        "100: a long black candle, a short one whose body lies below, and a white one, not short, that closes above the first "
        "close by more than `penetration` of the first body",
        module="patterns_stars",
        leading=12,
        state=6,
        parameters={"penetration": checks.penetration(0.3)},
        source=NISON,
    ),
    pattern(
        "cdlmorningdojistar",
        "Morning doji star",
        "100: as the morning star, with a doji in the middle",
        module="patterns_stars",
        leading=12,
        state=6,
        parameters={"penetration": checks.penetration(0.3)},
        source=NISON,
    ),
    pattern(
        "cdlabandonedbaby",
        "Abandoned baby",
        "100 or -100: as the morning and evening doji star, with gaps before and after the doji that no shadow enters",
        module="patterns_stars",
        leading=12,
        state=6,
        parameters={"penetration": checks.penetration(0.3)},
        source=NISON,
    ),
    pattern(
        "cdltristar",
        "Tristar",
        "100 or -100: three dojis, the second below (above) a gap and further out than the third. All three are judged by what "
        "counts as a doji at the first",
        module="patterns_stars",
        leading=12,
        state=2,
        source=NISON,
    ),
    pattern(
        "cdlunique3river",
        "Unique three river",
        "100: a long black candle, a black one with its body inside and a lower low, and a short white one that opens above "
        "that low. Where it closes is not looked at, as in TA-Lib",
        module="patterns_stars",
        leading=12,
        state=6,
        source=NISON,
    ),
    pattern(
        "cdl3starsinsouth",
        "Three stars in the south",
        "100: three black candles, a long one with a long lower shadow, a shorter one like it with a low that is not lower, and "
        "a short one almost without shadows inside the range of the second",
        module="patterns_stars",
        leading=12,
        state=8,
        source=CANDLEPOWER,
    ),
)

CAMPAIGNS = (
    pattern(
        "cdl3linestrike",
        "Three-line strike",
        "100 after three rising white candles, -100 after three falling black ones: a candle of the other colour that opens "
        "beyond the last and closes beyond the first open. It is taken as a pause in the trend, the sign is that of the trend",
        module="patterns_campaigns",
        leading=8,
        state=4,
        source=CANDLEPOWER,
    ),
    pattern(
        "cdlconcealbabyswall",
        "Concealing baby swallow",
        "100: two black candles almost without shadows, a black one after a gap down whose upper shadow reaches into the body "
        "before it, and a black one that hides it, shadows included",
        module="patterns_campaigns",
        leading=13,
        state=6,
        source=CANDLEPOWER,
    ),
    pattern(
        "cdlladderbottom",
        "Ladder bottom",
        "100: three black candles with falling opens and closes, a black one with an upper shadow, and a white one that opens "
        "above its body and closes above its high",
        module="patterns_campaigns",
        leading=14,
        state=2,
        source=CANDLEPOWER,
    ),
    pattern(
        "cdlbreakaway",
        "Breakaway",
        "100 or -100: a long candle, a gap, two candles that go on with higher (lower) highs and lows, the last of them of the "
        "same colour, and one of the other colour that closes within the gap",
        module="patterns_campaigns",
        leading=14,
        state=2,
        source=CANDLEPOWER,
    ),
    pattern(
        "cdlmathold",
        "Mat hold",
        "100: a long white candle, a short black one after a gap up, two short ones that sink into the first body by less than "
        "`penetration` of it, and a white one that closes above all their highs",
        module="patterns_campaigns",
        leading=14,
        state=8,
        parameters={"penetration": checks.penetration(0.5)},
        source=NISON,
    ),
    pattern(
        "cdlrisefall3methods",
        "Rising or falling three methods",
        "100 or -100: a long candle, three short ones of the other colour that go back within its range, and a long one of the "
        "first colour that closes beyond the first close",
        module="patterns_campaigns",
        leading=14,
        state=10,
        source=NISON,
    ),
)

HIKKAKES = (
    pattern(
        "cdlhikkake",
        "Hikkake",
        "100 (-100): an inside bar, then one with lower (higher) high and low, a break that may prove false. 200 (-200) where "
        "one of the next three bars closes above the high (below the low) of the inside bar: the pattern is confirmed",
        module="patterns_hikkake",
        leading=5,
        state=4,
        source=CHESLER,
    ),
    pattern(
        "cdlhikkakemod",
        "Modified hikkake",
        "As the hikkake, 100, -100 and confirmed 200, -200, with two inside bars, one in the other, the first of which closes "
        "near its low (high)",
        module="patterns_hikkake",
        leading=10,
        state=6,
        source=CHESLER,
    ),
)

ENTRIES = (*MARCHES, *TURNS, *STARS, *CAMPAIGNS, *HIKKAKES)
