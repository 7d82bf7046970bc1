"""Candles drawn for each pattern of three and more bars, many of which no recorded series shows.

Numbers are steps of a grid, read after calm candles with bodies of about 6 and heights of about 10 steps: longer is long,
1 and less is a doji, a shadow of 0 is none, 2 steps are near.
"""

import numpy as np

from tests.unit.indicators.cases import Candles

Candle = tuple[int, int, int, int]

# Open, high, low, close; the mirror image of a shape makes the pattern of the other direction, if there is one.
SHAPES: dict[str, list[Candle]] = {
    "cdl2crows": [(100, 112, 98, 110), (116, 117, 111, 112), (114, 115, 104, 105)],
    "cdlupsidegap2crows": [(100, 112, 98, 110), (114, 115, 111, 112), (116, 117, 110, 111)],
    "cdl3blackcrows": [(100, 111, 99, 110), (108, 109, 102, 102), (106, 107, 98, 98), (103, 104, 94, 94)],
    "cdlidentical3crows": [(110, 111, 104, 104), (104, 105, 98, 98), (98, 99, 92, 92)],
    "cdl3whitesoldiers": [(100, 107, 99, 107), (103, 111, 102, 111), (107, 116, 106, 116)],
    "cdladvanceblock": [(100, 109, 99, 108), (104, 113, 103, 111), (108, 117, 107, 113)],
    "cdlstalledpattern": [(100, 110, 99, 109), (104, 114, 103, 114), (113, 117, 112, 115)],
    "cdl3inside": [(100, 112, 98, 110), (107, 108, 104, 105), (105, 106, 97, 98)],
    "cdl3outside": [(110, 111, 104, 105), (104, 112, 103, 111), (111, 114, 110, 113)],
    "cdlsticksandwich": [(110, 111, 103, 104), (106, 112, 105, 111), (113, 114, 103, 104)],
    "cdlgapsidesidewhite": [(100, 109, 98, 108), (112, 119, 111, 118), (112, 119, 111, 118)],
    "cdltasukigap": [(100, 109, 98, 108), (112, 119, 111, 118), (115, 116, 108, 109)],
    "cdlxsidegap3methods": [(100, 109, 98, 108), (112, 119, 111, 118), (115, 116, 103, 104)],
    "cdleveningstar": [(100, 112, 98, 110), (112, 115, 111, 114), (112, 113, 101, 102)],
    "cdleveningdojistar": [(100, 112, 98, 110), (113, 115, 111, 113), (112, 113, 101, 102)],
    "cdlmorningstar": [(110, 112, 98, 100), (98, 99, 95, 96), (98, 109, 97, 108)],
    "cdlmorningdojistar": [(110, 112, 98, 100), (97, 99, 95, 97), (98, 109, 97, 108)],
    "cdlabandonedbaby": [(100, 111, 98, 110), (114, 115, 113, 114), (111, 112, 101, 102)],
    "cdltristar": [(100, 103, 97, 100), (103, 104, 102, 103), (102, 103, 100, 102)],
    "cdlunique3river": [(110, 111, 99, 100), (106, 107, 96, 102), (98, 100, 97, 99)],
    "cdl3starsinsouth": [(112, 113, 88, 102), (108, 110, 93, 102), (101, 101, 97, 97)],
    "cdl3linestrike": [(100, 107, 99, 106), (103, 110, 102, 109), (106, 113, 105, 112), (114, 115, 97, 98)],
    "cdlconcealbabyswall": [(120, 120, 112, 112), (112, 112, 104, 104), (101, 107, 97, 98), (108, 109, 95, 96)],
    "cdlladderbottom": [
        (120, 121, 113, 114),
        (116, 117, 109, 110),
        (112, 113, 105, 106),
        (106, 111, 103, 104),
        (108, 115, 107, 114),
    ],
    "cdlbreakaway": [
        (120, 121, 109, 110),
        (107, 108, 102, 103),
        (103, 106, 100, 101),
        (101, 104, 97, 98),
        (99, 110, 98, 109),
    ],
    "cdlmathold": [
        (100, 112, 98, 110),
        (115, 116, 112, 113),
        (112, 113, 107, 108),
        (109, 110, 106, 107),
        (109, 119, 108, 118),
    ],
    "cdlrisefall3methods": [
        (100, 115, 99, 112),
        (111, 112, 107, 108),
        (109, 110, 105, 106),
        (107, 108, 103, 104),
        (106, 116, 105, 115),
    ],
    "cdlhikkake": [(100, 110, 90, 105), (101, 106, 95, 103), (100, 104, 92, 97), (98, 109, 97, 108)],
    "cdlhikkakemod": [
        (100, 112, 88, 105),
        (100, 109, 91, 92),
        (97, 105, 94, 100),
        (98, 103, 92, 95),
        (97, 108, 96, 107),
    ],
}

# The mirror image of white candles is black.
FURTHER_SHAPES: dict[str, list[Candle]] = {
    "cdlgapsidesidewhite": [(118, 119, 111, 112), (101, 108, 100, 107), (101, 108, 100, 107)],
}

CALM_BARS = 25
MIDDLE = 200


def shapes_of(name: str) -> list[list[Candle]]:
    """Everything that is drawn for a pattern."""
    return [table[name] for table in (SHAPES, FURTHER_SHAPES) if name in table]


def shaped(shape: list[Candle], seed: int, lanes: int, disorder: float) -> Candles:
    """Calm candles, the shape or its mirror image, some calm ones; a share of the shape's numbers is off by a step."""
    chance = np.random.default_rng(seed)
    bars = CALM_BARS + len(shape) + 4
    opens = np.full((bars, lanes), 100) + chance.integers(-2, 3, (bars, lanes))
    closes = opens + chance.integers(5, 8, (bars, lanes)) * chance.choice([-1, 1], (bars, lanes))
    highs = np.maximum(opens, closes) + chance.integers(1, 4, (bars, lanes))
    lows = np.minimum(opens, closes) - chance.integers(1, 4, (bars, lanes))
    off = chance.integers(-1, 2, (4, len(shape), lanes)) * (chance.random((4, len(shape), lanes)) < disorder)
    drawn = np.moveaxis(np.array(shape), 1, 0)[:, :, None] + off
    mirrored = chance.random(lanes) < 0.5
    # A mirror image has its lows where the highs were.
    drawn = np.where(mirrored, MIDDLE - drawn[[0, 2, 1, 3]], drawn)
    for values, part in zip((opens, highs, lows, closes), drawn, strict=True):
        values[CALM_BARS : CALM_BARS + len(shape)] = part
    highs, lows = np.maximum(highs, np.maximum(opens, closes)), np.minimum(lows, np.minimum(opens, closes))
    return {"open": opens * 1.0, "high": highs * 1.0, "low": lows * 1.0, "close": closes * 1.0}
