"""Which indicators are called with what, and how answers are compared."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest

import indicators
from indicators.entry import Entry

Candles = dict[str, np.ndarray]

# Column of the candles for each input of an indicator.
COLUMNS = {
    "real": "close",
    "real0": "high",
    "real1": "low",
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "volume": "volume",
    "time": "time",
    "periods": "periods",
    "a": "high",
    "b": "close",
    "condition": "volume",
    "price": "close",
    "oscillator": "volume",
}

# Indicators that wait for something to happen: beyond their look-back, too, there may be no value yet.
WAITING = {"bars_since", "swing_high", "swing_low"}

# Functions that exist for small numbers only, and what makes prices small enough.
SHARES = {"acos": 1e-6, "asin": 1e-6}

# Indicators whose results are row numbers, and so depend on where the array begins.
ROW_NUMBERS = {"maxindex", "minindex", "minmaxindex"}

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    name: sets
    for group in indicators.catalog.GROUPS
    for name, sets in import_module(f"tests.unit.indicators.parameters.{group.__name__.rpartition('.')[2]}").PARAMETERS.items()
}

CASES = [
    pytest.param(entry, parameters, id=f"{name}{parameters}")
    for name, entry in indicators.catalog.ENTRIES.items()
    for parameters in PARAMETERS.get(name, [()])
]
ENTRIES = [pytest.param(entry, id=name) for name, entry in indicators.catalog.ENTRIES.items()]
VALUE_ENTRIES = [pytest.param(entry, id=name) for name, entry in indicators.catalog.ENTRIES.items() if entry.kind == "value"]


def sets_of(entry: Entry) -> list[tuple[Any, ...]]:
    """The sets of parameters that the indicator is tried with."""
    return PARAMETERS.get(entry.name, [()])


def periods(bars: int) -> np.ndarray:
    """A period of its own for each bar."""
    return 2.0 + np.arange(bars) * 7 % 31


def series(entry: Entry, candles: Candles) -> list[np.ndarray]:
    """The columns that the indicator takes, in order."""
    columns = [candles[COLUMNS[name]] for name in entry.inputs]
    return [values * SHARES[entry.name] for values in columns] if entry.name in SHARES else columns


def outputs(result: Any) -> tuple[np.ndarray, ...]:
    """One result or several, as a tuple."""
    return result if isinstance(result, tuple) else (result,)


def call(entry: Entry, *args: Any) -> tuple[np.ndarray, ...]:
    """The public function of the indicator."""
    return outputs(getattr(indicators, entry.name)(*args))


def assert_same_bits(found: Any, expected: Any, what: str = "") -> None:
    """Equal to the last bit, except that one NaN is as good as another."""
    np.testing.assert_array_equal(found, expected, err_msg=what, strict=True)


def assert_close(found: Any, expected: Any, noise: float = 0.0, what: str = "") -> None:
    """Equal to 1e-9 of the value, or to `noise`, and NaN at the same places."""
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=noise, equal_nan=True, err_msg=what)
