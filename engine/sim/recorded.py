"""A market that was: candles of a Parquet file, replayed to the last digit; longer ones built by the exchange's rule.

Needs `pyarrow`, which is not installed by default. Columns: symbol, open_time (ms or µs since the epoch, UTC, or a time
stamp), open, high, low, close, volume; and, where recorded, quote_volume, trades, taker_buy_volume and
taker_buy_quote_volume, which are derived otherwise.
"""

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.base.errors import SettingsError
from engine.base.types import INTERVAL_MS
from engine.sim import bars
from engine.sim.bars import DECIMALS, FIELDS, Bars
from engine.sim.market import Listing
from engine.sim.split import split

if TYPE_CHECKING:
    import pyarrow as pa

REQUIRED: Final = ("symbol", "open_time", "open", "high", "low", "close", "volume")
DERIVED: Final = ("quote_volume", "trades", "taker_buy_volume", "taker_buy_quote_volume")
QUOTE_ASSETS: Final = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD1", "DAI", "BTC", "ETH", "BNB", "TRY", "EUR", "BRL", "JPY")
#: Later than any time in ms that can be meant: such numbers are microseconds.
MICROSECONDS_FROM: Final = 10**14
#: Quote volume of an average trade, from which trades are derived where they were not recorded.
QUOTE_A_TRADE: Final = 250.0
#: Base bars of history left in front of the default start.
HISTORY_BARS: Final = 1_000

Columns = dict[str, NDArray[Any]]


class RecordedMarket:
    """The recorded candles of one file; implements `market.Market`."""

    def __init__(self, path: str | Path, seed: int = 1) -> None:
        self._seed = seed
        path = Path(path)
        self._base: dict[str, Bars] = {}
        self._longer: dict[tuple[str, int], Bars] = {}
        self._trades: dict[str, NDArray[np.int64]] = {}
        self._raw = _by_symbol(*_read(path), path)
        self.base_ms = self.shortest_ms = _base_ms(self._raw, path)
        self.listings: Mapping[str, Listing] = {
            symbol: _listing(symbol, rows, self.base_ms) for symbol, rows in self._raw.items()
        }
        self.begin_ms = min(listing.first_ms for listing in self.listings.values())
        self.end_ms: int | None = max(listing.end_ms or 0 for listing in self.listings.values())

    @property
    def default_start_ms(self) -> int:
        """Early, so that most of the data lie ahead, yet with a thousand base bars (or half the data) of history."""
        assert self.end_ms is not None
        recorded = (self.end_ms - self.begin_ms) // self.base_ms
        return self.begin_ms + min(HISTORY_BARS, recorded // 2) * self.base_ms

    def closed(self, symbol: str, length_ms: int, start_ms: int, end_ms: int, *, first: int = 0, last: int = 0) -> Bars:
        series = self._series(symbol, length_ms)
        low, high = np.searchsorted(series[bars.OPEN_TIME], (start_ms, end_ms))
        if first:
            high = min(high, low + first)
        if last:
            low = max(low, high - last)
        return series[:, low:high]

    def parts(self, symbol: str, open_ms: int) -> Bars | None:
        listing, series = self.listings[symbol], self._series(symbol, self.base_ms)
        place = int(np.searchsorted(series[bars.OPEN_TIME], open_ms))
        if place == series.shape[1] or series[bars.OPEN_TIME, place] != open_ms:
            return None
        bar = bars.klines(series[:, place : place + 1])[0]
        previous_close = float(series[bars.CLOSE, place - 1]) if place else bar.open
        seed = zlib.crc32(f"{self._seed} {symbol} {open_ms}".encode())
        return split(bar, self.base_ms, previous_close, seed, (listing.price_decimals, listing.quantity_decimals))

    def trades_before(self, symbol: str, time_ms: int) -> int:
        series = self._series(symbol, self.base_ms)
        if symbol not in self._trades:
            self._trades[symbol] = np.concatenate(([0], np.cumsum(series[bars.TRADES]))).astype(np.int64)
        return int(self._trades[symbol][np.searchsorted(series[bars.OPEN_TIME], time_ms)])

    def _series(self, symbol: str, length_ms: int) -> Bars:
        """All bars of one length, made when first asked for."""
        if symbol not in self._base:
            self._base[symbol] = _complete(self._raw.pop(symbol), self.listings[symbol].quantity_decimals)
        if length_ms == self.base_ms:
            return self._base[symbol]
        assert length_ms % self.base_ms == 0, "shorter bars than recorded are refused before"
        key = (symbol, length_ms)
        if key not in self._longer:
            base = self._base[symbol]
            opens = base[bars.OPEN_TIME].astype(np.int64)
            self._longer[key] = bars.aggregate(base, opens - opens % length_ms, self.listings[symbol].quantity_decimals)
        return self._longer[key]


def _read(path: Path) -> tuple[list[str], NDArray[np.int64], Columns]:
    """The names in the file, for each row the place of its name among them, and the other columns."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise SettingsError(
            "reading recorded candles needs pyarrow", path, "install it with: pip install 'engine[replay]'"
        ) from error
    try:
        names = set(pq.read_schema(path).names)
        missing = [name for name in REQUIRED if name not in names]
        if missing:
            raise SettingsError("recorded candles lack columns", ", ".join(missing), f"needed are {', '.join(REQUIRED)}")
        table = pq.read_table(path, columns=[name for name in (*REQUIRED, *DERIVED) if name in names])
        names_and_codes = _symbols(table["symbol"])
        return *names_and_codes, {name: _column(table, name) for name in table.column_names if name != "symbol"}
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SettingsError("recorded candles cannot be read", f"{path} ({reason})", "name a Parquet file of candles") from error


def _symbols(column: "pa.ChunkedArray") -> tuple[list[str], NDArray[np.int64]]:
    encoded = column.combine_chunks().dictionary_encode()
    if encoded.null_count:
        raise SettingsError("recorded candles have empty cells", f"{encoded.null_count} in symbol", "drop those rows")
    return [str(name) for name in encoded.dictionary.to_pylist()], np.asarray(encoded.indices.to_numpy(), dtype=np.int64)


def _column(table: "pa.Table", name: str) -> NDArray[Any]:
    import pyarrow as pa

    column = table[name].combine_chunks()
    if column.null_count:
        raise SettingsError("recorded candles have empty cells", f"{column.null_count} in {name}", "drop those rows")
    if name != "open_time":
        return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False))
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ms"), safe=False)
    times = np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False))
    return times // 1_000 if times.size and times.max() >= MICROSECONDS_FROM else times


def _by_symbol(names: list[str], codes: NDArray[np.int64], columns: Columns, path: Path) -> dict[str, Columns]:
    """The rows of each symbol, by name and ascending; of rows recorded twice the last counts."""
    if not codes.size:
        raise SettingsError("recorded candles are empty", path, "name a Parquet file with rows")
    for name, column in columns.items():
        if not np.isfinite(column).all():
            raise SettingsError("recorded candles are not all numbers", name, "drop rows with NaN or infinity")
    order = np.lexsort((columns["open_time"], codes))
    edges = np.searchsorted(codes[order], np.arange(len(names) + 1))
    rows = {}
    for code in sorted(range(len(names)), key=names.__getitem__):
        here = order[edges[code] : edges[code + 1]]
        if not here.size:  # a name of the dictionary that no row has
            continue
        times = columns["open_time"][here]
        here = here[np.append(times[1:] != times[:-1], True)]
        rows[names[code]] = {field: column[here] for field, column in columns.items()}
    return rows


def _base_ms(rows: dict[str, Columns], path: Path) -> int:
    """The distance most bars have."""
    gaps = np.concatenate([np.diff(fields["open_time"]) for fields in rows.values()])
    if not gaps.size:
        raise SettingsError("recorded candles are too few", path, "two bars of a symbol tell the interval")
    distances, counts = np.unique(gaps, return_counts=True)
    base_ms = int(distances[counts.argmax()])
    if base_ms not in INTERVAL_MS.values():
        raise SettingsError(
            "recorded candles have no interval of the exchange", f"{base_ms} ms apart", "record one of its intervals"
        )
    for symbol, fields in rows.items():
        astray = fields["open_time"][fields["open_time"] % base_ms != 0]
        if astray.size:
            raise SettingsError(
                "recorded candle is off the grid", f"{symbol} at {astray[0]}", f"open times are multiples of {base_ms} ms"
            )
    return base_ms


def _listing(symbol: str, fields: Columns, base_ms: int) -> Listing:
    quote = next((name for name in QUOTE_ASSETS if symbol.endswith(name) and len(symbol) > len(name)), symbol[-3:])
    times = fields["open_time"]
    return Listing(
        symbol=symbol,
        base_asset=symbol.removesuffix(quote),
        quote_asset=quote,
        price_decimals=max(_decimals(fields[name]) for name in ("open", "high", "low", "close")),
        quantity_decimals=_decimals(fields["volume"]),
        first_ms=int(times[0]),
        end_ms=int(times[-1]) + base_ms,
    )


def _decimals(values: NDArray[np.float64]) -> int:
    """Fewest decimals in which all values can be written."""
    for decimals in range(DECIMALS):
        scaled = values * 10.0**decimals
        if (np.abs(scaled - np.rint(scaled)) < 1e-5).all():
            return decimals
    return DECIMALS


def _complete(fields: Columns, quantity_decimals: int) -> Bars:
    """All ten rows; what was not recorded is derived from what was, the same in every run."""
    series = np.empty((FIELDS, fields["open_time"].size))
    for row, name in enumerate(REQUIRED[1:]):
        series[row] = fields[name]
    volume, low, high = series[bars.VOLUME], series[bars.LOW], series[bars.HIGH]
    typical = (high + low + series[bars.CLOSE]) / 3
    quote = fields.get("quote_volume")
    series[bars.QUOTE] = bars.tidy(volume * typical) if quote is None else quote
    trades = fields.get("trades")
    series[bars.TRADES] = np.where(volume > 0, 1 + np.floor(series[bars.QUOTE] / QUOTE_A_TRADE), 0) if trades is None else trades
    taker = fields.get("taker_buy_volume")
    series[bars.TAKER] = _taker(series, quantity_decimals) if taker is None else taker
    taker_quote = fields.get("taker_buy_quote_volume")
    series[bars.TAKER_QUOTE] = bars.tidy(series[bars.TAKER] * typical) if taker_quote is None else taker_quote
    return series


def _taker(series: Bars, quantity_decimals: int) -> NDArray[np.float64]:
    """Takers buy more of a bar that rises: between a fifth and four fifths, in whole lots."""
    reach = series[bars.HIGH] - series[bars.LOW]
    rise = np.divide(series[bars.CLOSE] - series[bars.OPEN], reach, out=np.zeros_like(reach), where=reach > 0)
    unit = 10.0**quantity_decimals
    lots: NDArray[np.float64] = np.floor(series[bars.VOLUME] * unit * (0.5 + 0.3 * np.clip(rise, -1, 1)))
    return lots / unit
