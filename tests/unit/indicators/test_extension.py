"""Bars that come one by one, with forming bars in between, give the bits that all of them give at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators import spans
from tests.unit.indicators.cases import CASES, ENTRIES, assert_same_bits, series

LANES = 8


class Growing:
    """Lanes that are extended row by row, each at its own pace, as a worker does it."""

    def __init__(self, entry, arrays, parameters):
        self.entry, self.arrays, self.parameters = entry, tuple(arrays), parameters
        rows, lanes = arrays[0].shape
        self.outs = entry.blocks(rows, lanes)
        self.state = entry.new_state(parameters, lanes)
        self.begins = np.zeros(lanes, np.int64)
        spans.advance(arrays, self.begins, np.full(lanes, rows, np.int64))
        self.done = np.zeros(lanes, np.int64)

    def extend(self, lanes, until) -> None:
        """Compute these lanes up to before these rows (of all lanes)."""
        plan = spans.between(np.array(lanes), self.begins, self.done, until)
        self.entry.kernel.run(self.arrays, self.outs, self.parameters, self.state, plan)
        self.done[lanes] = until[lanes]

    def peek(self, lanes) -> None:
        """Compute the row after the last of these lanes, and forget that it was there."""
        plan = spans.between(np.array(lanes), self.begins, self.done, self.done + 1)
        self.entry.kernel.run(self.arrays, self.outs, self.parameters, self.state.copy(), plan)


@pytest.mark.parametrize("entry, parameters", CASES)
def test_one_bar_after_another_gives_the_bits_of_all_at_once(entry, parameters, block):
    arrays = [array[:240].copy() for array in series(entry, block)]
    whole = entry.compute(*arrays, **dict(zip(entry.parameters, parameters, strict=True)))
    growing = Growing(entry, arrays, parameters)
    # Given a history of 200 bars at once, then single bars, a forming one before each
    growing.extend(range(LANES), np.full(LANES, 200))
    for row in range(200, 240):
        growing.peek(range(LANES))
        growing.extend(range(LANES), np.full(LANES, row + 1))
    for found, expected in zip(growing.outs, whole, strict=True):
        assert_same_bits(found, expected)


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_forming_bar_leaves_nothing_behind(entry, block):
    # Given a forming bar that is far off, and closes as another one
    arrays = [array[:120].copy() for array in series(entry, block)]
    parameters = tuple(parameter.default for parameter in entry.parameters.values())
    whole = entry.compute(*arrays)
    growing = Growing(entry, arrays, parameters)
    growing.extend(range(LANES), np.full(LANES, 119))
    held = [array[119].copy() for array in arrays]
    for factor in (1e6, 0.0, np.nan):
        for array in arrays:
            array[119] *= factor
        growing.peek(range(LANES))
    for array, row in zip(arrays, held, strict=True):
        array[119] = row
    growing.extend(range(LANES), np.full(LANES, 120))
    for found, expected in zip(growing.outs, whole, strict=True):
        assert_same_bits(found, expected)


@pytest.mark.parametrize("entry", ENTRIES)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_lanes_at_their_own_pace_give_the_same_bits(entry, seed, block):
    # Given lanes that begin at bars of their own
    chance = np.random.default_rng(seed)
    arrays = [array[:150].copy() for array in series(entry, block)]
    for lane, late in enumerate(chance.integers(0, 60, LANES)):
        arrays[0][:late, lane] = np.nan
    parameters = tuple(parameter.default for parameter in entry.parameters.values())
    whole = entry.compute(*arrays)
    growing = Growing(entry, arrays, parameters)
    # When some of them are extended by some bars, again and again
    while (growing.done < 150).any():
        lanes = np.flatnonzero(chance.random(LANES) < 0.6)
        growing.extend(lanes, np.minimum(growing.done + chance.integers(1, 70, LANES), 150))
    for found, expected in zip(growing.outs, whole, strict=True):
        assert_same_bits(found, expected)
