"""Which indicators are called with what, and how answers are compared."""

from typing import Any

import numpy as np
import pytest

import indicators
from indicators.entry import Entry

Candles = dict[str, np.ndarray]

# Column of the candles for each input of an indicator.
COLUMNS = {"real": "close", "high": "high", "low": "low", "close": "close", "volume": "volume", "a": "high", "b": "close"}

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "sma": [(30,), (1,), (2,), (200,)],
    "ema": [(30,), (1,), (2,), (200,)],
    "wma": [(30,), (1,), (2,), (5,)],
    "bbands": [(20, 2.0, 2.0, 0), (2, 1.0, 3.0, 0), (5, 2.5, 0.0, 1), (50, -1.0, 2.0, 2)],
    "rsi": [(14,), (2,), (100,)],
    "macd": [(12, 26, 9), (26, 12, 9), (2, 3, 1), (5, 5, 4)],
    "stoch": [(5, 3, 0, 3, 0), (14, 1, 0, 1, 0), (1, 2, 1, 5, 2), (21, 4, 2, 3, 1)],
    "cci": [(14,), (2,), (5,), (33,)],
    "atr": [(14,), (1,), (2,), (60,)],
    "adx": [(14,), (2,), (40,)],
    "highest": [(30,), (2,), (3,), (100,)],
    "lowest": [(30,), (2,), (3,), (100,)],
}

CASES = [
    pytest.param(entry, parameters, id=f"{name}{parameters}")
    for name, entry in indicators.catalog.ENTRIES.items()
    for parameters in PARAMETERS.get(name, [()])
]
ENTRIES = [pytest.param(entry, id=name) for name, entry in indicators.catalog.ENTRIES.items()]
VALUE_ENTRIES = [pytest.param(entry, id=name) for name, entry in indicators.catalog.ENTRIES.items() if entry.kind == "value"]


def series(entry: Entry, candles: Candles) -> list[np.ndarray]:
    """The columns that the indicator takes, in order."""
    return [candles[COLUMNS[name]] for name in entry.inputs]


def outputs(result: Any) -> tuple[np.ndarray, ...]:
    """One result or several, as a tuple."""
    return result if isinstance(result, tuple) else (result,)


def call(entry: Entry, *args: Any) -> tuple[np.ndarray, ...]:
    """The public function of the indicator."""
    return outputs(getattr(indicators, entry.name)(*args))


def assert_same_bits(found: Any, expected: Any) -> None:
    """Equal to the last bit, except that one NaN is as good as another."""
    np.testing.assert_array_equal(found, expected, strict=True)


def assert_close(found: Any, expected: Any, noise: float = 0.0) -> None:
    """Equal to 1e-9 of the value, or to `noise`, and NaN at the same places."""
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=noise, equal_nan=True)
