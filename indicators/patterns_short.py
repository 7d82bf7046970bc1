"""Candlestick patterns of one and two bars."""

from indicators import checks
from indicators.patterns import BULKOWSKI, NISON, pattern

BODIES = (
    pattern(
        "cdlbelthold",
        "Belt-hold",
        "A long body that opens at one end of its candle: 100 for a white one from the low, -100 for a black one from the high",
        leading=10,
        module="patterns_bodies",
        state=4,
        source=NISON,
    ),
    pattern(
        "cdlclosingmarubozu",
        "Closing marubozu",
        "A long body that closes at one end of its candle: 100 for a white one at the high, -100 for a black one at the low",
        leading=10,
        module="patterns_bodies",
        state=4,
    ),
    pattern(
        "cdlmarubozu",
        "Marubozu",
        "A long body with hardly a shadow: 100 white, -100 black",
        leading=10,
        module="patterns_bodies",
        state=4,
    ),
    pattern(
        "cdllongline",
        "Long line candle",
        "A long body with short shadows: 100 white, -100 black",
        leading=10,
        module="patterns_bodies",
        state=4,
    ),
    pattern(
        "cdlshortline",
        "Short line candle",
        "A short body with short shadows: 100 white, -100 black",
        leading=10,
        module="patterns_bodies",
        state=4,
    ),
    pattern(
        "cdlspinningtop",
        "Spinning top",
        "A short body between two shadows longer than itself: 100 white, -100 black, which says nothing about a direction",
        leading=10,
        module="patterns_bodies",
        state=2,
        source=NISON,
    ),
    pattern(
        "cdlhighwave",
        "High-wave candle",
        "A short body between two shadows more than twice as long: 100 white, -100 black, which says nothing about a direction",
        leading=10,
        module="patterns_bodies",
        state=2,
        source=NISON,
    ),
)

DOJIS = (
    pattern(
        "cdldoji",
        "Doji",
        "Open and close next to equal: 100, whatever the direction",
        leading=10,
        module="patterns_dojis",
        state=2,
        source=NISON,
    ),
    pattern(
        "cdldragonflydoji",
        "Dragonfly doji",
        "Open and close next to equal and at the high, with a shadow below: 100, whatever the direction",
        leading=10,
        module="patterns_dojis",
        state=4,
    ),
    pattern(
        "cdlgravestonedoji",
        "Gravestone doji",
        "Open and close next to equal and at the low, with a shadow above: 100, although it mostly speaks of a fall",
        leading=10,
        module="patterns_dojis",
        state=4,
        source=NISON,
    ),
    pattern(
        "cdllongleggeddoji",
        "Long-legged doji",
        "Open and close next to equal, and a shadow above or below that is longer than the body: 100, whatever the direction",
        leading=10,
        module="patterns_dojis",
        state=2,
        source=NISON,
    ),
    pattern(
        "cdlrickshawman",
        "Rickshaw man",
        "Open and close next to equal, in the middle of a candle with two shadows: 100, whatever the direction",
        leading=10,
        module="patterns_dojis",
        state=4,
        source=NISON,
    ),
    pattern(
        "cdltakuri",
        "Takuri, a dragonfly doji with a very long lower shadow",
        "Open and close next to equal and at the high, with a shadow below of more than twice the body: 100, it speaks of a rise",
        leading=10,
        module="patterns_dojis",
        state=4,
        source=BULKOWSKI,
    ),
)

HAMMERS = (
    pattern(
        "cdlhammer",
        "Hammer",
        "A short body at the upper end of its candle, and near or below the low of the candle before: 100, it speaks of a rise",
        leading=11,
        module="patterns_hammers",
        state=6,
        source=NISON,
    ),
    pattern(
        "cdlhangingman",
        "Hanging man",
        "A short body at the upper end of its candle, and near or above the high of the candle before: -100, it speaks of a fall",
        leading=11,
        module="patterns_hammers",
        state=6,
        source=NISON,
    ),
    pattern(
        "cdlinvertedhammer",
        "Inverted hammer",
        "A short body at the lower end of its candle, a gap below the body before: 100, it speaks of a rise",
        leading=11,
        module="patterns_hammers",
        state=4,
        source=NISON,
    ),
    pattern(
        "cdlshootingstar",
        "Shooting star",
        "A short body at the lower end of its candle, a gap above the body before: -100, it speaks of a fall",
        leading=11,
        module="patterns_hammers",
        state=4,
        source=NISON,
    ),
)

PAIRS = (
    pattern(
        "cdldojistar",
        "Doji star",
        "A long body, then a doji with a gap in its direction: 100 after a black body, -100 after a white one",
        leading=11,
        module="patterns_pairs",
        state=4,
    ),
    pattern(
        "cdlengulfing",
        "Engulfing pattern",
        "A body that holds the one before, which has the other colour: 100 for a white one, -100 for a black one, 80 and -80 "
        "where the two share an end",
        leading=2,
        module="patterns_pairs",
        state=0,
        source=NISON,
    ),
    pattern(
        "cdlharami",
        "Harami pattern",
        "A long body, then a short one within it, of whatever colour: 100 after a black body, -100 after a white one, 80 and "
        "-80 where the two share an end",
        leading=11,
        module="patterns_pairs",
        state=4,
        source=NISON,
    ),
    pattern(
        "cdlharamicross",
        "Harami cross pattern",
        "A long body, then a doji within it: 100 after a black body, -100 after a white one, 80 and "
        "-80 where the two share an end",
        leading=11,
        module="patterns_pairs",
        state=4,
        source=NISON,
    ),
    pattern(
        "cdlhomingpigeon",
        "Homing pigeon",
        "A long black body, then a short black one within it: 100, it speaks of a rise",
        leading=11,
        module="patterns_pairs",
        state=4,
    ),
    pattern(
        "cdlkicking",
        "Kicking",
        "Two marubozu of different colours with a gap between them, away from the first: 100 if the second is white, -100 if "
        "it is black",
        leading=11,
        module="patterns_pairs",
        state=8,
    ),
    pattern(
        "cdlkickingbylength",
        "Kicking, told by the longer marubozu",
        "As cdlkicking, but the colour of the longer of the two marubozu decides: 100 white, -100 black",
        leading=11,
        module="patterns_pairs",
        state=8,
    ),
    pattern(
        "cdlmatchinglow",
        "Matching low",
        "Two black candles that close at the same price: 100, it speaks of a rise",
        leading=6,
        module="patterns_pairs",
        state=2,
    ),
)

ADVANCES = (
    pattern(
        "cdlcounterattack",
        "Counterattack",
        "Two long bodies of different colours that close at the same price: 100 if the second is white, -100 if it is black",
        leading=11,
        module="patterns_advances",
        state=6,
        source=NISON,
    ),
    pattern(
        "cdlseparatinglines",
        "Separating lines",
        "Two candles of different colours that open at the same price, the second a long body without a shadow at the open: "
        "100 if it is white, -100 if it is black",
        leading=11,
        module="patterns_advances",
        state=8,
        source=NISON,
    ),
    pattern(
        "cdldarkcloudcover",
        "Dark cloud cover",
        "A long white body, then a black one that opens above its high and closes within it, deeper than `penetration` of its "
        "length: -100, it speaks of a fall",
        leading=11,
        module="patterns_advances",
        state=2,
        source=NISON,
        parameters={"penetration": checks.penetration(0.5)},
    ),
    pattern(
        "cdlpiercing",
        "Piercing pattern",
        "A long black body, then a long white one that opens below its low and closes in its upper half: 100, it "
        "speaks of a rise",
        leading=11,
        module="patterns_advances",
        state=6,
        source=NISON,
    ),
    pattern(
        "cdlthrusting",
        "Thrusting pattern",
        "A long black body, then a white one that opens below its low and closes in its lower half, above its close: -100, it "
        "speaks of a further fall",
        leading=11,
        module="patterns_advances",
        state=4,
        source=NISON,
    ),
    pattern(
        "cdlinneck",
        "In-neck pattern",
        "A long black body, then a white one that opens below its low and closes at its close or a little above: -100, it "
        "speaks of a further fall",
        leading=11,
        module="patterns_advances",
        state=4,
        source=NISON,
    ),
    pattern(
        "cdlonneck",
        "On-neck pattern",
        "A long black body, then a white one that opens below its low and closes at that low: -100, it speaks of a further fall",
        leading=11,
        module="patterns_advances",
        state=4,
        source=NISON,
    ),
)

ENTRIES = (*BODIES, *DOJIS, *HAMMERS, *PAIRS, *ADVANCES)
