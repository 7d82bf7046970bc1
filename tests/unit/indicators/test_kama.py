"""KAMA where a window stands still after a large step: what is left of its running sum is rounding, and TA-Lib knows it."""

import numpy as np
import pytest

import indicators
from tests.unit.indicators.cases import assert_close

talib = pytest.importorskip("talib")
pytestmark = pytest.mark.peer


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e6])
def test_levels_that_stand_still_give_what_talib_gives(scale):
    chance = np.random.default_rng(3)
    for _ in range(60):
        levels = chance.choice([0.0, 100 / 3, 50.0, 61.7, 100.0], 20) * scale
        series = np.repeat(levels, chance.integers(1, 6, 20))
        for period in (2, 3, 5):
            expected = talib.KAMA(series, period)
            assert_close(indicators.kama(series, period), expected)
            assert_close(indicators.ma(series, period, 6), expected)
