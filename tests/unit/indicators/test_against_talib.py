"""TA-Lib has the last word: the same values to 1e-9, the same lead-in of NaN."""

from typing import Any

import numpy as np
import pytest

from indicators.entry import Entry
from tests.unit.indicators.cases import ENTRIES, Candles, assert_close, call, outputs, periods, series, sets_of

talib = pytest.importorskip("talib")
pytestmark = pytest.mark.peer

KNOWN = [case for case in ENTRIES if case.values[0].talib]


def answers(entry: Entry, arrays: list[np.ndarray], parameters: tuple[Any, ...] = ()) -> list[np.ndarray]:
    """What TA-Lib says. A whole number beside numbers is 0 with it where there is none yet, and NaN with us."""
    results = outputs(getattr(talib, entry.talib)(*arrays, *parameters))
    beside = entry.kind == "value" and results[0].dtype.kind == "f"
    return [np.where(np.isnan(results[0]), np.nan, one) if beside and one.dtype.kind == "i" else one for one in results]


def compare(entry: Entry, candles: Candles) -> None:
    """With every set of parameters."""
    arrays = series(entry, candles)
    for parameters in sets_of(entry):
        expected = answers(entry, arrays, parameters)
        for found, wanted in zip(call(entry, *arrays, *parameters), expected, strict=True):
            assert_close(found, wanted, what=f"{entry.name}{parameters}")


def made(close: np.ndarray, spread: float = 0.002, volume: float = 1e3) -> Candles:
    return {
        "open": np.concatenate([close[:1], close[:-1]]),
        "high": close * (1 + spread),
        "low": close * (1 - spread),
        "close": close,
        "volume": np.full(len(close), volume),
        "time": 60_000.0 * np.arange(len(close)),
        "periods": periods(len(close)),
    }


@pytest.mark.parametrize("entry", KNOWN)
def test_recorded_candles_give_what_talib_gives(entry, candles):
    for recorded in candles:
        compare(entry, recorded)


@pytest.mark.parametrize("entry", KNOWN)
def test_short_series_give_what_talib_gives(entry, candles):
    for bars in (0, 1, 2, 3, 5, 14, 15, 27, 28, 34):
        compare(entry, {name: values[:bars].copy() for name, values in candles[0].items()})


@pytest.mark.parametrize("entry", KNOWN)
def test_constant_prices_give_what_talib_gives(entry):
    for price in (1e-8, 0.1, 7.3, 1e5, 3.3e12):
        compare(entry, made(np.full(150, price), spread=0.0))


@pytest.mark.parametrize("entry", KNOWN)
def test_tiny_and_huge_magnitudes_give_what_talib_gives(entry, candles):
    for scale in (1e-9, 1e9):
        compare(entry, {name: values * scale for name, values in candles[5].items()} | {"periods": candles[5]["periods"]})
    compare(entry, {**candles[1], "volume": candles[1]["volume"] * 1e12})


@pytest.mark.parametrize("entry", KNOWN)
def test_a_gap_and_a_flat_stretch_give_what_talib_gives(entry, candles):
    # Given a price that halves within a bar, stands still, and has one wild print
    close = candles[0]["close"].copy()
    close[150:] *= 0.5
    close[200:300] = close[200]
    close[350] *= 40
    # Then the rounding left in running sums is no more than TA-Lib's
    compare(entry, made(close))


@pytest.mark.parametrize("entry", KNOWN)
def test_a_lead_in_of_nan_gives_what_talib_gives(entry, candles):
    for missing in (1, 17, 480, 499):
        cut = {name: values.copy() for name, values in candles[2].items()}
        for number, values in enumerate(cut.values()):
            values[: max(missing - number, 0)] = np.nan
        compare(entry, cut)


@pytest.mark.parametrize("entry", KNOWN)
def test_defaults_are_those_of_talib(entry, candles):
    arrays = series(entry, candles[3])
    expected = answers(entry, arrays)
    for found, wanted in zip(call(entry, *arrays), expected, strict=True):
        assert_close(found, wanted)
