"""A block is its series side by side: the same bits, no lane touches another, no bar an earlier one."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.indicators.cases import ENTRIES, ROW_NUMBERS, VALUE_ENTRIES, assert_same_bits, call, series, sets_of


def columns(arrays, lane: int) -> list[np.ndarray]:
    return [array[:, lane].copy() for array in arrays]


def assert_lanes_equal_series(entry, arrays, sets=((),)) -> None:
    for parameters in sets:
        results = call(entry, *arrays, *parameters)
        for lane in range(arrays[0].shape[1]):
            for found, alone in zip(results, call(entry, *columns(arrays, lane), *parameters), strict=True):
                assert_same_bits(found[:, lane], alone, f"{entry.name}{parameters}")


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_block_gives_the_bits_that_each_series_gives(entry, block):
    assert_lanes_equal_series(entry, series(entry, block), sets_of(entry))


@pytest.mark.parametrize("entry", ENTRIES)
def test_any_number_of_lanes_gives_the_same_bits(entry, block):
    # Given lane counts that fill no SIMD register, or more than one
    for lanes in (1, 2, 3, 7):
        assert_lanes_equal_series(entry, [np.ascontiguousarray(array[:, :lanes]) for array in series(entry, block)])


@pytest.mark.parametrize("entry", ENTRIES)
def test_short_blocks_give_the_same_bits(entry, block):
    for rows in (0, 1, 2, 14, 40):
        assert_lanes_equal_series(entry, [np.ascontiguousarray(array[:rows]) for array in series(entry, block)])


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_block_without_lanes_gives_a_block_without_lanes(entry):
    results = call(entry, *[np.empty((50, 0)) for _ in entry.inputs])
    assert all(result.shape == (50, 0) for result in results)


@pytest.mark.parametrize("entry", ENTRIES)
def test_lanes_that_begin_together_late_give_the_same_bits(entry, block):
    arrays = [array.copy() for array in series(entry, block)]
    for array in arrays:
        array[:23] = np.nan
    assert_lanes_equal_series(entry, arrays, sets_of(entry))


@pytest.mark.parametrize("entry", ENTRIES)
def test_lanes_that_begin_at_different_bars_give_the_same_bits(entry, block):
    # Given lanes with lead-ins of their own, which differ between inputs too, and one lane without any value
    arrays = [array.copy() for array in series(entry, block)]
    for number, array in enumerate(arrays):
        for lane in range(array.shape[1]):
            array[: 37 * lane + number, lane] = np.nan
        array[:, 5] = np.nan
    assert_lanes_equal_series(entry, arrays, sets_of(entry))


@pytest.mark.parametrize("entry", VALUE_ENTRIES)
def test_a_lane_without_a_value_stays_without_one(entry, block):
    arrays = [array.copy() for array in series(entry, block)]
    arrays[0][:, 2] = np.nan
    for found, whole in zip(call(entry, *arrays), call(entry, *series(entry, block)), strict=True):
        assert np.isnan(found[:, 2]).all()
        assert_same_bits(np.delete(found, 2, axis=1), np.delete(whole, 2, axis=1))


@pytest.mark.parametrize("entry", ENTRIES)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_garbage_in_one_lane_or_below_the_last_bar_changes_nothing_else(entry, data, block):
    # Given garbage of every kind in one lane, and below a row in another
    arrays = [array[:120].copy() for array in series(entry, block)]
    clean = call(entry, *arrays)
    garbage = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -1.0, 1e300, -1e300, 5e-324])
    bad, ending = data.draw(st.sampled_from([(0, 3), (4, 1), (7, 6)]))
    last = data.draw(st.integers(0, 119))
    for array in arrays:
        first = data.draw(st.integers(0, 119))
        array[first:, bad] = data.draw(st.lists(garbage, min_size=120 - first, max_size=120 - first))
        array[last + 1 :, ending] = data.draw(garbage)
    # When the block is computed again
    spoiled = call(entry, *arrays)
    # Then all other lanes, and the rows above, have the bits they had
    for before, after in zip(clean, spoiled, strict=True):
        untouched = [lane for lane in range(8) if lane not in (bad, ending)]
        assert_same_bits(after[:, untouched], before[:, untouched])
        assert_same_bits(after[: last + 1, ending], before[: last + 1, ending])


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_shorter_history_gives_the_beginning_of_a_longer_one(entry, block):
    arrays = series(entry, block)
    for parameters, rows in itertools.product(sets_of(entry), (3, 40, 161)):
        short = call(entry, *[array[:rows] for array in arrays], *parameters)
        for beginning, whole in zip(short, call(entry, *arrays, *parameters), strict=True):
            assert_same_bits(beginning, whole[:rows], f"{entry.name}{parameters}")


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_indicator_of_an_indicator_starts_to_count_at_its_first_value(entry, block):
    # Given a block whose lanes all begin late, as another indicator's result does
    late = [np.vstack([np.full((9, 8), np.nan), array[:200]]) for array in series(entry, block)]
    for found, early in zip(call(entry, *late), call(entry, *[a[:200] for a in series(entry, block)]), strict=True):
        expected = early.copy()
        if entry.name in ROW_NUMBERS:
            expected[entry.lookback() :] += 9
        assert_same_bits(found[9:], expected)


@pytest.mark.parametrize("entry", ENTRIES)
def test_compute_gives_what_the_function_gives(entry, block):
    arrays = series(entry, block)
    for found, expected in zip(entry.compute(*arrays), call(entry, *arrays), strict=True):
        assert_same_bits(found, expected)
        assert found.flags.c_contiguous


@pytest.mark.parametrize("entry", ENTRIES)
def test_compute_writes_into_the_arrays_of_an_earlier_call_if_they_fit(entry, block):
    arrays = series(entry, block)
    expected = entry.compute(*arrays)
    earlier = entry.compute(*[array[::-1].copy() for array in arrays])
    again = entry.compute(*arrays, out=earlier)
    assert all(one is other for one, other in zip(again, earlier, strict=True))
    for found, wanted in zip(again, expected, strict=True):
        assert_same_bits(found, wanted)
    # And arrays of another shape are left alone
    shorter = entry.compute(*[array[:50] for array in arrays], out=earlier)
    assert shorter[0].shape == (50, 8)
    for found, wanted in zip(earlier, expected, strict=True):
        assert_same_bits(found, wanted)
