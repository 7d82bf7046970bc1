"""Candlestick patterns where they are frequent: every pattern occurs, with every sign it has, and as TA-Lib finds it."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import indicators
from indicators import patterns_short
from tests.unit.indicators.cases import PARAMETERS, Candles, assert_same_bits, call
from tests.unit.indicators.walks import GRIDS, walk

talib = pytest.importorskip("talib")
pytestmark = pytest.mark.peer

COLUMNS = ("open", "high", "low", "close")
PATTERNS = [pytest.param(entry, id=name) for name, entry in indicators.catalog.ENTRIES.items() if entry.group == "pattern"]
SHORT = [pytest.param(entry, id=entry.name) for entry in patterns_short.ENTRIES]


def expected(entry, candles: Candles, parameters=()) -> np.ndarray:
    """TA-Lib's answer, lane by lane."""
    function = getattr(talib, entry.talib)
    lanes = candles["open"].shape[1]
    columns = [[candles[name][:, lane].copy() for name in COLUMNS] for lane in range(lanes)]
    return np.column_stack([function(*one, *parameters) for one in columns])


@pytest.fixture(scope="module")
def walks() -> Candles:
    return walk(seed=1, bars=500, lanes=120)


@pytest.mark.parametrize("entry", PATTERNS)
def test_walks_on_a_grid_give_what_talib_gives(entry, walks):
    for parameters in PARAMETERS.get(entry.name, [()]):
        (found,) = call(entry, *[walks[name] for name in COLUMNS], *parameters)
        assert_same_bits(found, expected(entry, walks, parameters))


@pytest.mark.parametrize("entry", SHORT)
def test_a_pattern_occurs_with_the_values_that_its_description_names(entry, walks):
    (found,) = call(entry, *[walks[name] for name in COLUMNS])
    named = {int(number) for number in re.findall(r"-?\b\d+\b", entry.about)}
    assert set(np.unique(found).tolist()) == named | {0}


@pytest.mark.parametrize("entry", PATTERNS)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), bars=st.integers(1, 80), standing=st.integers(0, 40))
def test_any_walk_gives_what_talib_gives(entry, seed, bars, standing):
    # Given a walk that may stand still in the middle, so that limits fall to nothing and rise again
    # TA-Lib's machine code multiplies and adds in one go where ours rounds in between, so that a close exactly as far as a
    # penetration asks may fall on either side; on a grid of whole numbers it does not.
    candles = walk(seed, bars, lanes=4, grids=(1.0,) if entry.parameters else GRIDS)
    for values in candles.values():
        values[bars // 3 : bars // 3 + standing] = candles["close"][bars // 3]
    (found,) = call(entry, *[candles[name] for name in COLUMNS])
    assert_same_bits(found, expected(entry, candles))
