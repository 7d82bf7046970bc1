"""Numbers written by the thousand, compared with one at a time."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from engine.sim import bars
from engine.sim.digits import rows_json

amounts = st.one_of(
    st.integers(0, 10**17).map(lambda value: value / 10**8),
    st.floats(0, 1e15, allow_subnormal=False),
    st.sampled_from([0.0, 0.99999999, 0.999999999, 9_999.0, 10_000.0, 99_999_999.0, 1e8, 1e12, 0.00000001]),
)


def slow(table: bars.Bars, closes: list[int]) -> list[list[object]]:
    rows = []
    for bar, close in zip(bars.klines(table), closes, strict=True):
        prices = [f"{value:.8f}" for value in bar[1:6]]
        rest = [
            f"{bar.quote_volume:.8f}",
            int(bar.trades),
            f"{bar.taker_buy_volume:.8f}",
            f"{bar.taker_buy_quote_volume:.8f}",
            "0",
        ]
        rows.append([bar.open_time, *prices, close, *rest])
    return rows


@given(arrays.arrays(np.float64, st.tuples(st.just(bars.FIELDS), st.integers(0, 12)), elements=amounts))
def test_rows_are_what_formatting_one_by_one_gives(table: bars.Bars) -> None:
    table = bars.tidy(table)
    table[bars.OPEN_TIME] = np.floor(table[bars.OPEN_TIME] % 1e14)
    table[bars.TRADES] = np.floor(table[bars.TRADES] % 1e9)
    closes = table[bars.OPEN_TIME].astype(np.int64) + 59_999
    assert json.loads(rows_json(table, closes)) == slow(table, closes.tolist())


def test_no_rows_and_microseconds() -> None:
    assert rows_json(bars.empty(), np.empty(0, dtype=np.int64)) == b"[]"
    table = np.zeros((bars.FIELDS, 1))
    table[bars.OPEN_TIME] = 1_726_000_000_000
    row = json.loads(rows_json(table, np.array([1_726_000_059_999]), microseconds=True))[0]
    assert (row[0], row[6]) == (1_726_000_000_000_000, 1_726_000_059_999_999)


@given(st.integers(0, 10**15))
def test_what_eight_decimals_can_hold_comes_back_exactly(scaled: int) -> None:
    value = scaled / 10**8
    table = np.full((bars.FIELDS, 1), value)
    table[bars.OPEN_TIME] = table[bars.TRADES] = 1.0
    row = json.loads(rows_json(table, np.array([1])))[0]
    assert float(row[1]) == value
