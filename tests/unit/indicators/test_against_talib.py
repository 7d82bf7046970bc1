"""TA-Lib has the last word: the same values to 1e-9, the same lead-in of NaN."""

import numpy as np
import pytest

from tests.unit.indicators.cases import CASES, COLUMNS, Candles, assert_close, call, outputs, periods, series

talib = pytest.importorskip("talib")
pytestmark = pytest.mark.peer

KNOWN = [case for case in CASES if case.values[0].talib]


def compare(entry, parameters, candles: Candles) -> None:
    arrays = series(entry, candles)
    expected = outputs(getattr(talib, entry.talib)(*arrays, *parameters))
    for found, wanted in zip(call(entry, *arrays, *parameters), expected, strict=True):
        assert_close(found, wanted)


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


@pytest.mark.parametrize("entry, parameters", KNOWN)
def test_recorded_candles_give_what_talib_gives(entry, parameters, candles):
    for recorded in candles:
        compare(entry, parameters, recorded)


@pytest.mark.parametrize("entry, parameters", KNOWN)
@pytest.mark.parametrize("bars", [1, 2, 3, 5, 14, 15, 27, 28, 34])
def test_short_series_give_what_talib_gives(entry, parameters, bars, candles):
    compare(entry, parameters, {name: values[:bars].copy() for name, values in candles[0].items()})


@pytest.mark.parametrize("entry, parameters", KNOWN)
def test_an_empty_series_gives_an_empty_series(entry, parameters):
    compare(entry, parameters, {name: np.empty(0) for name in set(COLUMNS.values())})


@pytest.mark.parametrize("entry, parameters", KNOWN)
@pytest.mark.parametrize("price", [1e-8, 0.1, 7.3, 1e5, 3.3e12])
def test_constant_prices_give_what_talib_gives(entry, parameters, price):
    compare(entry, parameters, made(np.full(150, price), spread=0.0))


@pytest.mark.parametrize("entry, parameters", KNOWN)
@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_tiny_and_huge_magnitudes_give_what_talib_gives(entry, parameters, scale, candles):
    compare(entry, parameters, {name: values * scale for name, values in candles[5].items()})


@pytest.mark.parametrize("entry, parameters", KNOWN)
def test_a_huge_volume_gives_what_talib_gives(entry, parameters, candles):
    compare(entry, parameters, {**candles[1], "volume": candles[1]["volume"] * 1e12})


@pytest.mark.parametrize("entry, parameters", KNOWN)
def test_a_gap_and_a_flat_stretch_give_what_talib_gives(entry, parameters, candles):
    # Given a price that halves within a bar, stands still, and has one wild print
    close = candles[0]["close"].copy()
    close[150:] *= 0.5
    close[200:300] = close[200]
    close[350] *= 40
    # Then the rounding left in running sums is no more than TA-Lib's
    compare(entry, parameters, made(close))


@pytest.mark.parametrize("entry, parameters", KNOWN)
@pytest.mark.parametrize("missing", [1, 17, 480, 499])
def test_a_lead_in_of_nan_gives_what_talib_gives(entry, parameters, missing, candles):
    cut = {name: values.copy() for name, values in candles[2].items()}
    for number, values in enumerate(cut.values()):
        values[: max(missing - number, 0)] = np.nan
    compare(entry, parameters, cut)


@pytest.mark.parametrize("entry, parameters", KNOWN)
def test_defaults_are_those_of_talib(entry, parameters, candles):
    arrays = series(entry, candles[3])
    expected = outputs(getattr(talib, entry.talib)(*arrays))
    for found, wanted in zip(call(entry, *arrays), expected, strict=True):
        assert_close(found, wanted)
