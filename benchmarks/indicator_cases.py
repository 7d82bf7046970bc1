"""The 25 indicators that are used most, with the parameters that published comparisons use, and how peers call them."""

import importlib
import importlib.util
from typing import Any, NamedTuple

import numpy as np

Candles = dict[str, np.ndarray[Any, np.dtype[np.float64]]]


class Case(NamedTuple):
    """Columns and parameters; `wickra` is the peer's class with its arguments, where it has the same indicator."""

    columns: str
    parameters: tuple[float, ...] = ()
    wickra: tuple[Any, ...] = ()


CASES: dict[str, Case] = {
    "sma": Case("close", (20,), ("SMA", 20)),
    "ema": Case("close", (20,), ("EMA", 20)),
    "wma": Case("close", (20,), ("WMA", 20)),
    "dema": Case("close", (20,), ("DEMA", 20)),
    "bbands": Case("close", (20,), ("BollingerBands", 20, 2.0)),
    "sar": Case("high low", (), ("PSAR",)),
    "supertrend": Case("high low close", (), ("SuperTrend", 10, 3.0)),
    "rsi": Case("close", (14,), ("RSI", 14)),
    "macd": Case("close", (), ("MACD", 12, 26, 9)),
    "stoch": Case("high low close", (), ("Stochastic", 5, 3)),
    "stochrsi": Case("close", (14,), ("StochRSI", 14, 5)),
    "cci": Case("high low close", (20,), ("CCI", 20)),
    "adx": Case("high low close", (14,), ("ADX", 14)),
    "plus_di": Case("high low close", (14,), ("PLUS_DI", 14)),
    "aroon": Case("high low", (14,), ("Aroon", 14)),
    "mfi": Case("high low close volume", (14,), ("MFI", 14)),
    "willr": Case("high low close", (14,), ("WilliamsR", 14)),
    "roc": Case("close", (10,), ("ROC", 10)),
    "mom": Case("close", (10,), ("MOM", 10)),
    "obv": Case("close volume", (), ("OBV",)),
    "adosc": Case("high low close volume", (), ("ChaikinOscillator", 3, 10)),
    "vwap": Case("high low close volume", (), ("VWAP",)),
    "atr": Case("high low close", (14,), ("ATR", 14)),
    "stddev": Case("close", (20,), ("StdDev", 20)),
    "max": Case("high", (30,)),
}


def peer(name: str) -> Any:
    """A module of somebody else, or None where it is not installed."""
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def random_walks(bars: int, symbols: int) -> Candles:
    """Seeded candles of shape (bars, symbols), C-contiguous."""
    random = np.random.default_rng(20_241_121)
    close = 100.0 * np.exp(random.normal(0.0, 0.01, (bars, symbols)).cumsum(axis=0))
    return {
        "close": close,
        "high": close * (1.0 + np.abs(random.normal(0.0, 0.005, close.shape))),
        "low": close * (1.0 - np.abs(random.normal(0.0, 0.005, close.shape))),
        "volume": random.gamma(2.0, 1000.0, close.shape),
    }
