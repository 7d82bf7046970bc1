"""Recorded candles: replayed to the last digit, and refused clearly where they cannot be."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.base.errors import SettingsError
from engine.base.types import HOUR_MS, INTERVAL_MS, MINUTE_MS
from engine.sim import bars
from engine.sim.recorded import RecordedMarket
from tests.data import SPOT_1H, SPOT_5M

FOREVER_MS = 1 << 53
FIVE_MS = 5 * MINUTE_MS
START_MS = 1_700_000_100_000 // FIVE_MS * FIVE_MS


@pytest.fixture(scope="module")
def five() -> RecordedMarket:
    return RecordedMarket(SPOT_5M)


def write(path: Path, count: int = 40, **columns: Any) -> Path:
    """A small file of one symbol; columns may be replaced, or left out with None."""
    close = 100 + np.arange(count) / 10
    table: dict[str, Any] = {
        "symbol": ["ABCUSDT"] * count,
        "open_time": START_MS + np.arange(count) * FIVE_MS,
        "open": close - 0.1,
        "high": close + 0.2,
        "low": close - 0.3,
        "close": close,
        "volume": np.where(np.arange(count) % 4 == 3, 0.0, 1.5),
    }
    table = {name: column for name, column in {**table, **columns}.items() if column is not None}
    pq.write_table(pa.table(table), path)
    return path


def test_recorded_candles_are_replayed_exactly(five: RecordedMarket) -> None:
    table = pq.read_table(SPOT_5M)
    names = np.array(table["symbol"].to_pylist())
    for symbol in five.listings:
        replayed = five.closed(symbol, FIVE_MS, 0, FOREVER_MS)
        for row, name in enumerate(("open_time", "open", "high", "low", "close", "volume")):
            assert (replayed[row] == table[name].to_numpy()[names == symbol]).all()


def test_hours_built_from_five_minutes_are_the_recorded_hours(five: RecordedMarket) -> None:
    hours = RecordedMarket(SPOT_1H)
    for symbol, listing in five.listings.items():
        assert listing.end_ms is not None
        end_ms = listing.end_ms // HOUR_MS * HOUR_MS
        built = five.closed(symbol, HOUR_MS, 0, end_ms)[: bars.QUOTE]
        recorded = hours.closed(symbol, HOUR_MS, 0, end_ms)[: bars.QUOTE]
        # The last hour of the other file may be unfinished.
        assert (built[:, :-1] == recorded[:, : built.shape[1] - 1]).all()


def test_recorded_numbers_survive_eight_decimals() -> None:
    for path in (SPOT_5M, SPOT_1H):
        table = pq.read_table(path, columns=["open", "high", "low", "close", "volume"])
        for name in table.column_names:
            values = np.unique(table[name].to_numpy())[::7]
            assert all(float(f"{value:.8f}") == value for value in values.tolist())


def test_symbols_begin_and_end_when_they_did(five: RecordedMarket) -> None:
    listing = five.listings["ELFUSDT"]
    assert (listing.base_asset, listing.quote_asset, listing.price_decimals) == ("ELF", "USDT", 4)
    assert listing.trades_at(listing.first_ms)
    assert listing.end_ms is not None
    assert listing.trades_at(listing.end_ms)
    assert not listing.trades_at(listing.end_ms + 1)
    assert not listing.trades_at(listing.first_ms - 1)
    assert five.base_ms == five.shortest_ms == FIVE_MS


def test_what_was_not_recorded_is_derived(tmp_path: Path) -> None:
    table = RecordedMarket(write(tmp_path / "a.parquet")).closed("ABCUSDT", FIVE_MS, 0, FOREVER_MS)
    silent = table[bars.VOLUME] == 0
    average = table[bars.QUOTE, ~silent] / table[bars.VOLUME, ~silent]
    assert ((average >= table[bars.LOW, ~silent]) & (average <= table[bars.HIGH, ~silent])).all()
    assert (table[bars.TRADES, ~silent] >= 1).all()
    assert (table[bars.TAKER] <= table[bars.VOLUME]).all()
    assert (table[bars.QUOTE :, silent] == 0).all()


def test_what_was_recorded_is_kept(tmp_path: Path) -> None:
    extra = {"quote_volume": np.full(40, 7.5), "trades": np.arange(40), "taker_buy_volume": np.full(40, 0.5)}
    table = RecordedMarket(write(tmp_path / "a.parquet", **extra)).closed("ABCUSDT", FIVE_MS, 0, FOREVER_MS)
    assert (table[bars.QUOTE] == 7.5).all()
    assert (table[bars.TRADES] == np.arange(40)).all()
    assert (table[bars.TAKER] == 0.5).all()


def test_rows_may_come_in_any_order_twice_and_in_microseconds(tmp_path: Path) -> None:
    # Given a file that is shuffled, has one row twice, and tells microseconds
    times = START_MS + np.arange(40) * FIVE_MS
    order = np.random.default_rng(1).permutation(40)
    ordered = RecordedMarket(write(tmp_path / "ordered.parquet")).closed("ABCUSDT", FIVE_MS, 0, FOREVER_MS)
    columns = {name: ordered[row][order] for row, name in enumerate(("t", "open", "high", "low", "close", "volume")) if row}
    doubled = {name: np.append(column, column[-1]) for name, column in columns.items()}
    path = write(tmp_path / "odd.parquet", 41, open_time=np.append(times[order], times[order][-1]) * 1_000, **doubled)
    # Then it is the same market
    assert (RecordedMarket(path).closed("ABCUSDT", FIVE_MS, 0, FOREVER_MS) == ordered).all()


def test_time_stamps_and_dictionaries_are_read_too(tmp_path: Path) -> None:
    times = pa.array(START_MS + np.arange(40) * FIVE_MS, pa.int64()).cast(pa.timestamp("ms", tz="UTC"))
    codes = pa.DictionaryArray.from_arrays(pa.array([1] * 40, pa.int8()), pa.array(["GONEUSDT", "ABCUSDT"]))
    market = RecordedMarket(write(tmp_path / "a.parquet", open_time=times, symbol=codes))
    assert list(market.listings) == ["ABCUSDT"]
    assert market.listings["ABCUSDT"].first_ms == START_MS


def test_a_hole_stays_a_hole(tmp_path: Path) -> None:
    times = START_MS + np.delete(np.arange(41), 20) * FIVE_MS
    market = RecordedMarket(write(tmp_path / "a.parquet", open_time=times))
    assert market.closed("ABCUSDT", FIVE_MS, 0, FOREVER_MS).shape[1] == 40
    assert market.parts("ABCUSDT", START_MS + 20 * FIVE_MS) is None
    assert market.parts("ABCUSDT", START_MS + 21 * FIVE_MS) is not None


def test_trade_ids_count_all_trades(five: RecordedMarket) -> None:
    table = five.closed("BTCUSDT", FIVE_MS, 0, FOREVER_MS)
    middle_ms = int(table[bars.OPEN_TIME, 500])
    assert five.trades_before("BTCUSDT", middle_ms) == table[bars.TRADES, :500].sum()
    assert five.trades_before("BTCUSDT", FOREVER_MS) == table[bars.TRADES].sum()


def test_the_start_leaves_history_and_more_future(five: RecordedMarket, tmp_path: Path) -> None:
    assert five.default_start_ms == five.begin_ms + 1_000 * FIVE_MS
    assert RecordedMarket(write(tmp_path / "a.parquet")).default_start_ms == START_MS + 20 * FIVE_MS


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"volume": None, "close": None}, r"lack columns: close, volume"),
        ({"close": [float("nan")] * 40}, "not all numbers: close"),
        ({"close": [None] * 40}, "empty cells: 40 in close"),
        ({"symbol": pa.array([None] * 40, pa.string())}, "empty cells: 40 in symbol"),
        ({"open": ["much"] * 40}, "cannot be read"),
        ({"open_time": START_MS + np.arange(40) * 7_000}, "no interval of the exchange: 7000 ms apart"),
        ({"open_time": START_MS + 1 + np.arange(40) * FIVE_MS}, f"off the grid: ABCUSDT at {START_MS + 1}"),
    ],
)
def test_bad_files_are_refused_with_the_reason(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        RecordedMarket(write(tmp_path / "bad.parquet", **columns))


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("not parquet")
    for path, message in ((tmp_path / "missing.parquet", "missing.parquet"), (tmp_path / "text.parquet", "cannot be read")):
        with pytest.raises(SettingsError, match=message):
            RecordedMarket(path)
    with pytest.raises(SettingsError, match="are empty"):
        RecordedMarket(write(tmp_path / "empty.parquet", 0))
    with pytest.raises(SettingsError, match="too few"):
        RecordedMarket(write(tmp_path / "one.parquet", 1))


def test_without_pyarrow_it_tells_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(SettingsError, match=r"pip install 'engine\[replay\]'"):
        RecordedMarket(path)


def test_all_longer_intervals_can_be_built(five: RecordedMarket) -> None:
    for name, length_ms in INTERVAL_MS.items():
        if length_ms >= FIVE_MS and length_ms % FIVE_MS == 0:
            table = five.closed("SOLUSDT", length_ms, 0, FOREVER_MS)
            assert (table[bars.OPEN_TIME] % length_ms == 0).all(), name
            assert (np.diff(table[bars.OPEN_TIME]) == length_ms).all(), name
