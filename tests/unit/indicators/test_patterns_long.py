"""Patterns of three and more bars: all of them occur, with every value they can have, on candles drawn for them."""

import itertools
import re

import numpy as np
import pytest

from indicators import patterns_long
from tests.unit.indicators.cases import Candles, assert_same_bits, call
from tests.unit.indicators.shapes import CALM_BARS, SHAPES, shaped, shapes_of

COLUMNS = ("open", "high", "low", "close")
ENTRIES = [pytest.param(entry, id=entry.name) for entry in patterns_long.ENTRIES]
LANES = 40


def answers(entry, candles: Candles, parameters=()) -> np.ndarray:
    (found,) = call(entry, *[candles[name] for name in COLUMNS], *parameters)
    return found


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_drawn_pattern_has_the_values_that_its_description_names(entry):
    values = set()
    for shape in shapes_of(entry.name):
        found = answers(entry, shaped(shape, seed=1, lanes=LANES, disorder=0.0))
        values |= set(found[CALM_BARS : CALM_BARS + len(shape)].ravel().tolist())
    named = {int(number) for number in re.findall(r"-?\b\d+\b", entry.about)}
    assert values == named | {0}


@pytest.mark.peer
@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("step", [1.0, 1e-7])
def test_a_drawn_pattern_with_flaws_is_found_where_talib_finds_it(entry, step):
    # Given shapes in which single prices are off by a step, on grids that binary fractions cannot hold too
    talib = pytest.importorskip("talib")
    for shape, disorder in itertools.product(shapes_of(entry.name), (0.0, 0.1, 0.4)):
        candles = {name: values * step for name, values in shaped(shape, round(100 * disorder), LANES, disorder).items()}
        for parameters in ((0.0,), (0.3,)) if entry.parameters else ((),):
            found = answers(entry, candles, parameters)
            for lane in range(LANES):
                columns = [candles[name][:, lane].copy() for name in COLUMNS]
                assert_same_bits(found[:, lane], getattr(talib, entry.talib)(*columns, *parameters))


def test_a_hikkake_can_be_confirmed_within_three_bars_and_once():
    # Given a pattern, then bars that wait below the high of the inside bar (106) before two close above it
    entry = next(one for one in patterns_long.ENTRIES if one.name == "cdlhikkake")
    start = [(100, 101, 99, 100)] * 5 + SHAPES["cdlhikkake"][:3]
    wait, confirm = (98, 105, 91, 99), (98, 109, 90, 108)
    results = {}
    for waits in range(4):
        opens, highs, lows, closes = np.array([*start, *[wait] * waits, confirm, confirm], float).T
        results[waits] = call(entry, opens, highs, lows, closes)[0][len(start) - 1 :].tolist()
    # Then the fourth bar is too late, and a second close confirms nothing more
    assert results == {
        0: [100, 200, 0],
        1: [100, 0, 200, 0],
        2: [100, 0, 0, 200, 0],
        3: [100, 0, 0, 0, 0, 0],
    }
