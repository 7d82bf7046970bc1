"""The slow twins, written from the definitions, agree with the kernels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive import indicators as naive
from tests.unit.indicators.cases import CASES, Candles, assert_close, call, outputs, periods, series

TWINNED = [case for case in CASES if hasattr(naive, case.values[0].name)]


def test_what_talib_does_not_have_has_a_twin():
    assert [case.id for case in CASES if not case.values[0].talib and case not in TWINNED] == []


def compare(entry, parameters, candles: Candles) -> None:
    arrays = series(entry, candles)
    expected = outputs(getattr(naive, entry.name)(*[values.tolist() for values in arrays], *parameters))
    # Exact sums and running ones differ by rounding, which the size of what was summed bounds, not of what is left.
    summed = [values for name, values in zip(entry.inputs, arrays, strict=True) if name != "time"]
    noise = 1e-12 * max(float(np.abs(values).max(initial=0.0)) for values in summed)
    for found, wanted in zip(call(entry, *arrays, *parameters), expected, strict=True):
        assert_close(found, wanted, noise=max(noise, 1e-7 if entry.name in ("rsi", "stoch", "adx", "cci") else 0.0))


@pytest.mark.parametrize("entry, parameters", TWINNED)
def test_recorded_candles_give_what_the_definition_gives(entry, parameters, candles):
    for recorded in (candles[0], candles[5]):
        compare(entry, parameters, {name: values[:260] for name, values in recorded.items()})


@pytest.mark.parametrize("entry, parameters", TWINNED)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_prices_on_a_coarse_grid_give_what_the_definition_gives(entry, parameters, data):
    # Given few distinct prices, so that ties, flat windows and standing still are common
    bars = data.draw(st.integers(1, 70))
    steps = data.draw(st.lists(st.integers(-2, 2), min_size=bars, max_size=bars))
    spreads = data.draw(st.lists(st.integers(0, 2), min_size=bars, max_size=bars))
    volumes = data.draw(st.lists(st.integers(0, 3), min_size=bars, max_size=bars))
    close = 256.0 + np.cumsum(steps)
    spread = np.array(spreads, dtype=float)
    compare(
        entry,
        parameters,
        {
            "open": np.concatenate([close[:1], close[:-1]]),
            "high": close + spread,
            "low": close - spread,
            "close": close,
            "volume": np.array(volumes, dtype=float),
            "time": 1_700_000_000_000.0 + 900_000.0 * np.arange(bars),
            "periods": periods(bars),
        },
    )
