"""What a caller may pass, what it gets back, and what it is told when it errs."""

import numpy as np
import pytest

import indicators
from indicators import IndicatorError, matypes
from indicators.entry import DTYPES
from tests.unit.indicators.cases import ENTRIES, VALUE_ENTRIES, assert_same_bits, call, series

CLOSE = np.array([1.0, 2.0, 4.0, 3.0, 5.0, 7.0, 6.0, 8.0])


def read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


@pytest.mark.parametrize("entry", ENTRIES)
def test_inputs_are_left_as_they_were(entry, block):
    arrays = [array[:150].copy() for array in series(entry, block)]
    before = [array.copy() for array in arrays]
    entry.compute(*arrays)
    for array, held in zip(arrays, before, strict=True):
        assert_same_bits(array, held)


@pytest.mark.parametrize("entry", ENTRIES)
def test_read_only_inputs_are_accepted_and_no_input_is_modified(entry, block, candles):
    for source in (block, candles[0]):
        arrays = [array.copy() for array in series(entry, source)]
        guarded = [read_only(array) for array in arrays]
        for found, expected in zip(call(entry, *guarded), call(entry, *arrays), strict=True):
            assert_same_bits(found, expected)
        for array, original in zip(arrays, series(entry, source), strict=True):
            assert_same_bits(array, original)


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_stride_and_order_gives_the_same(entry, block):
    arrays = series(entry, block)
    expected = call(entry, *arrays)
    wide = [np.repeat(array, 2, axis=1)[:, ::2] for array in arrays]
    for strange in (wide, [np.asfortranarray(array) for array in arrays], [array[::-1].copy()[::-1] for array in arrays]):
        for found, wanted in zip(call(entry, *strange), expected, strict=True):
            assert_same_bits(found, wanted)
    for found, wanted in zip(call(entry, *[array[:, 3] for array in arrays]), expected, strict=True):
        assert_same_bits(found, wanted[:, 3])


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_result_is_a_new_writable_array_of_the_same_shape(entry, block, candles):
    for source in (block, candles[0]):
        arrays = series(entry, source)
        for result in call(entry, *arrays):
            assert result.shape == arrays[0].shape
            assert result.dtype == np.dtype(DTYPES[entry.kind])
            assert result.flags.writeable
            assert not any(np.shares_memory(result, array) for array in arrays)


@pytest.mark.parametrize(
    "values",
    [
        CLOSE.astype(np.int64),
        CLOSE.astype(np.uint8),
        CLOSE.astype(np.float32),
        CLOSE.astype(">f8"),
        CLOSE.astype(np.int16).tolist(),
        tuple(CLOSE),
        np.frombuffer(b"\0" + CLOSE.tobytes(), dtype=np.uint8)[1:].view(np.float64),
    ],
    ids=["int64", "uint8", "float32", "big-endian", "list", "tuple", "unaligned"],
)
def test_other_numbers_are_converted(values):
    assert_same_bits(indicators.rsi(values, 3), indicators.rsi(CLOSE, 3))


def test_an_empty_list_gives_an_empty_array():
    assert indicators.sma([], 3).shape == (0,)


def test_numpy_integers_are_periods_and_integers_are_factors():
    assert_same_bits(indicators.sma(CLOSE, np.int32(3)), indicators.sma(CLOSE, 3))
    assert_same_bits(indicators.bbands(CLOSE, 3, 2, np.float32(2), 0), indicators.bbands(CLOSE, 3, 2.0, 2.0, 0))


def test_keywords_are_those_of_talib_in_lower_case_with_period():
    assert_same_bits(indicators.macd(CLOSE, fastperiod=2, slowperiod=3, signalperiod=2), indicators.macd(CLOSE, 2, 3, 2))
    assert_same_bits(indicators.atr(high=CLOSE, low=CLOSE, close=CLOSE, period=2), indicators.atr(CLOSE, CLOSE, CLOSE, 2))


@pytest.mark.parametrize(
    "call_it, message",
    [
        (lambda: indicators.rsi(CLOSE, 0), "rsi: period was 0: expected an integer from 2 to 100000"),
        (lambda: indicators.rsi(CLOSE, -14), "rsi: period was -14: expected an integer from 2 to 100000"),
        (lambda: indicators.sma(CLOSE, 100_001), "sma: period was 100001: expected an integer from 1 to 100000"),
        (lambda: indicators.bbands(CLOSE, 5, float("nan")), "bbands: nbdevup was nan: expected a finite number"),
        (lambda: indicators.bbands(CLOSE, 5, 2, float("inf")), "bbands: nbdevdn was inf: expected a finite number"),
        (lambda: indicators.bbands(CLOSE, 5, 2, 2, 14), f"bbands: matype was 14: expected {matypes.DESCRIPTION}"),
        (lambda: indicators.sma(CLOSE.reshape(2, 2, 2)), "sma: real had 3 dimensions: expected 1 (bars) or 2 (bars, symbols)"),
        (lambda: indicators.sma(1.5), "sma: real had 0 dimensions: expected 1 (bars) or 2 (bars, symbols)"),
        (
            lambda: indicators.atr(CLOSE, CLOSE[:-1], CLOSE),
            "atr: shapes were high (8,), low (7,), close (8,): expected one shape for all",
        ),
        (
            lambda: indicators.obv(CLOSE, CLOSE.reshape(8, 1)),
            "obv: shapes were real (8,), volume (8, 1): expected one shape for all",
        ),
    ],
)
def test_a_value_out_of_range_is_an_indicator_error(call_it, message):
    with pytest.raises(IndicatorError) as caught:
        call_it()
    assert str(caught.value) == message
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "call_it, message",
    [
        (lambda: indicators.rsi(CLOSE, 14.0), "rsi: period was 14.0: expected an integer from 2 to 100000"),
        (lambda: indicators.rsi(CLOSE, "14"), "rsi: period was '14': expected an integer from 2 to 100000"),
        (lambda: indicators.sma(CLOSE, True), "sma: period was True: expected an integer from 1 to 100000"),
        (lambda: indicators.sma(CLOSE, None), "sma: period was None: expected an integer from 1 to 100000"),
        (lambda: indicators.bbands(CLOSE, 5, "2"), "bbands: nbdevup was '2': expected a finite number"),
        (lambda: indicators.rsi("close"), "rsi: real was 'close': expected an array of numbers"),
        (lambda: indicators.rsi(None), "rsi: real was None: expected an array of numbers"),
        (lambda: indicators.rsi([[1.0], [1.0, 2.0]]), "rsi: real was a list: expected an array of numbers"),
        (lambda: indicators.rsi(CLOSE > 2), "rsi: real was an array of bool: expected an array of numbers"),
        (lambda: indicators.rsi(CLOSE * 1j), "rsi: real was an array of complex128: expected an array of numbers"),
        (lambda: indicators.obv(CLOSE, [None] * 8), "obv: volume was a list: expected an array of numbers"),
        (lambda: indicators.crossed_above(1.0, 2), "crossed_above: a and b were numbers: expected at least one series"),
        (lambda: indicators.crossed_above(CLOSE, "30"), "crossed_above: b was '30': expected a series or a number"),
    ],
)
def test_a_wrong_type_is_a_type_error(call_it, message):
    with pytest.raises(TypeError) as caught:
        call_it()
    assert str(caught.value) == message


@pytest.mark.parametrize("entry", [case for case in VALUE_ENTRIES if "period" in case.values[0].parameters])
def test_a_period_longer_than_the_series_gives_nan(entry, block):
    for arrays in (series(entry, block), [array[:, 0] for array in series(entry, block)]):
        results = call(entry, *arrays, entry.parameters["period"].high)
        assert all(np.isnan(result).all() for result in results)


class TestCrossings:
    UP = np.array([1.0, 2.0, 3.0, 3.0, 2.0, 4.0])
    LEVEL = np.array([2.0, 2.0, 2.0, 3.0, 3.0, 3.0])

    def test_it_crosses_where_it_was_not_above_and_is_now(self):
        assert indicators.crossed_above(self.UP, self.LEVEL).tolist() == [False, False, True, False, False, True]
        assert indicators.crossed_below(self.UP, self.LEVEL).tolist() == [False, False, False, False, True, False]

    def test_either_side_may_be_a_number(self):
        assert_same_bits(indicators.crossed_above(self.UP, 2), indicators.crossed_above(self.UP, np.full(6, 2.0)))
        assert_same_bits(indicators.crossed_above(2.5, self.UP), indicators.crossed_below(self.UP, 2.5))
        assert_same_bits(indicators.crossed_below(self.UP, np.float64(2.5)), indicators.crossed_below(self.UP, 2.5))

    def test_it_is_false_where_one_of_the_four_values_is_missing(self):
        gap = self.UP.copy()
        gap[[0, 4]] = np.nan
        assert indicators.crossed_above(gap, self.LEVEL).tolist() == [False, False, True, False, False, False]
        assert not indicators.crossed_above(self.UP, np.nan).any()

    def test_a_block_may_be_compared_with_a_number(self):
        pair = np.column_stack([self.UP, self.LEVEL])
        (found,) = indicators.catalog.ENTRIES["crossed_above"].compute(pair, 2.5)
        assert_same_bits(found, np.column_stack([indicators.crossed_above(lane, 2.5) for lane in pair.T]))
