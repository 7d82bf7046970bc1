"""Recorded candles for all tests of indicators."""

import numpy as np
import pyarrow.parquet as parquet
import pytest

from tests.data import SPOT_1H, SPOT_5M
from tests.unit.indicators.cases import Candles, periods

COLUMNS = ["open", "high", "low", "close", "volume", "open_time"]


def read_candles(path, symbol: str, first: int, rows: int) -> Candles:
    table = parquet.read_table(path, filters=[("symbol", "==", symbol)], columns=COLUMNS)
    part = table.slice(first, rows)
    assert part.num_rows == rows, f"{path}: {symbol} has {table.num_rows} rows: {first + rows} are needed"
    columns = {name: part.column(name).to_numpy().copy() for name in COLUMNS}
    time = columns.pop("open_time").astype(np.float64)
    return columns | {"periods": periods(rows), "time": time}


@pytest.fixture(scope="session")
def candles() -> list[Candles]:
    """Recorded bars of quiet and wild symbols; ALPINE and ELF have many bars without a trade."""
    hours = [read_candles(SPOT_1H, symbol, 1000, 500) for symbol in ("BTCUSDT", "ETHUSDT", "DOGEUSDT", "PEPEUSDT", "SHIBUSDT")]
    minutes = [read_candles(SPOT_5M, symbol, 20_000, 500) for symbol in ("ALPINEUSDT", "ELFUSDT", "SOLUSDT")]
    return hours + minutes


@pytest.fixture(scope="session")
def block(candles) -> Candles:
    """The same bars side by side: shape (500, 8)."""
    return {name: np.ascontiguousarray(np.column_stack([one[name] for one in candles])) for name in candles[0]}
