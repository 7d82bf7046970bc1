"""A picture of each indicator on recorded candles: `python -m cli.indicator_pictures spot-1h.parquet docs/indicators`.

The recording is a Parquet file with the columns symbol, open_time (ms), open, high, low, close and volume. It is not part of
the product; the pictures made of it are.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from numpy.typing import NDArray

import indicators as ta
from cli import pictures
from cli.pictures import Layer, Values
from indicators import catalog, transforms
from indicators.entry import Entry

Candles = Mapping[str, Values]

SYMBOL: Final = "ETHUSDT"
OTHER: Final = "BTCUSDT"
#: Bars that are computed, from which on, and how many at the end are shown.
FIRST, BARS, SHOWN = 1_000, 500, 120
#: A pattern is wide enough to be seen, and is sought in these symbols first.
PATTERN_SHOWN: Final = 60
PATTERN_SYMBOLS: Final = ("BTCUSDT", "ETHUSDT", "DOGEUSDT", "PEPEUSDT", "SHIBUSDT")
#: Results that are differences of two others are bars on zero.
BARS_OF: Final = frozenset({"hist"})
#: Results that are candles in their turn.
CANDLES: Final = ("haopen", "hahigh", "halow", "haclose")
#: Counts that mark so small a part of the bars are marks; others are lines.
MARKS_SHARE: Final = 0.25


class Recording:
    """Recorded candles, symbol by symbol."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as parquet

        table = parquet.read_table(path)
        names = table.column("symbol").combine_chunks().dictionary_encode()
        self._codes: NDArray[np.int64] = names.indices.to_numpy().astype(np.int64)
        self._symbols: list[str] = names.dictionary.to_pylist()
        self._columns: dict[str, Values] = {
            to: table.column(name).to_numpy().astype(np.float64)
            for name, to in {name: name for name in ("open", "high", "low", "close", "volume")}.items()
            | {"open_time": "time"}.items()
        }

    @cached_property
    def symbols(self) -> list[str]:
        """All of them, those first that everybody knows."""
        return [*PATTERN_SYMBOLS, *sorted(set(self._symbols) - set(PATTERN_SYMBOLS))]

    def candles(self, symbol: str, rows: slice = slice(None)) -> dict[str, Values]:
        """Columns of one symbol, oldest first."""
        chosen = np.flatnonzero(self._codes == self._symbols.index(symbol))[rows]
        return {name: values[chosen] for name, values in self._columns.items()}


def picture(entry: Entry, recording: Recording) -> str:
    """The picture of one indicator with its defaults, as SVG text."""
    return _of_pattern(entry, recording) if entry.group == "pattern" else _of_series(entry, recording)


# --- what indicators are fed with --------------------------------------------------------------------------------------------


def _average(candles: Candles) -> Values:
    return np.asarray(ta.ema(candles["close"], 20))


def _place(candles: Candles) -> Values:
    """The close within its range over the bars that are shown, above 0 and at most 1."""
    close = candles["close"]
    low, high = close[-SHOWN:].min(), close[-SHOWN:].max()
    return np.asarray((close - low) / (high - low) * 0.96 + 0.02)


Feed = Callable[[Candles], Values]
#: Of inputs that are no columns of candles; the text says so in the picture, unless it is plain from it.
FEEDS: Final[Mapping[str, tuple[str, Feed]]] = {
    "real": ("", lambda candles: candles["close"]),
    "real0": ("real0: high", lambda candles: candles["high"]),
    "real1": ("real1: low", lambda candles: candles["low"]),
    "a": ("a: close", lambda candles: candles["close"]),
    "b": ("b: ema(close, 20)", _average),
    "price": ("", lambda candles: candles["close"]),
    "oscillator": ("oscillator: rsi(close, 14)", lambda candles: np.asarray(ta.rsi(candles["close"], 14))),
    "condition": (
        "condition: close crosses above ema(close, 20)",
        lambda candles: np.asarray(ta.crossed_above(candles["close"], _average(candles)), np.float64),
    ),
    "periods": (
        "periods: from 10 to 30 and back",
        lambda candles: np.rint(20 + 10 * np.sin(np.arange(len(candles["close"])) / 12)),
    ),
}
#: Statistics of two series compare two symbols.
PAIR: Final[Mapping[str, tuple[str, Feed]]] = {
    "real0": ("real0: close", lambda candles: candles["close"]),
    "real1": (f"real1: close of {OTHER}", lambda candles: candles["other"]),
}
#: Functions of each value are drawn over a range in which they have something to show.
UNIT_ONLY: Final = frozenset({"acos", "asin", "tan"})
UNIT: Final[tuple[str, Feed]] = ("real: place of the close in its range, 0 to 1", _place)
FOUR: Final[tuple[str, Feed]] = ("real: place of the close in its range, 0 to 4", lambda candles: 4 * _place(candles))


def _fed(entry: Entry, candles: Candles) -> tuple[list[str], list[Values]]:
    """What is passed, in words where that is needed, and the series themselves."""
    words, series = [], []
    for name in entry.inputs:
        if entry in transforms.ENTRIES:
            text, feed = UNIT if entry.name in UNIT_ONLY else FOUR
        elif entry.group == "statistic" and name in PAIR:
            text, feed = PAIR[name]
        else:
            text, feed = FEEDS.get(name, ("", itemgetter(name)))
        words += [text] if text else []
        series.append(feed(candles))
    return words, series


def _results(entry: Entry, series: list[Values]) -> tuple[NDArray[Any], ...]:
    found = entry(series, [one.default for one in entry.parameters.values()])
    return found if isinstance(found, tuple) else (found,)


# --- what is drawn -----------------------------------------------------------------------------------------------------------


def _of_series(entry: Entry, recording: Recording) -> str:
    rows = slice(FIRST, FIRST + BARS)
    candles = recording.candles(SYMBOL, rows)
    candles["other"] = recording.candles(OTHER, rows)["close"]
    words, series = _fed(entry, candles)
    results = [result[-SHOWN:] for result in _results(entry, series)]
    shown = {name: values[-SHOWN:] for name, values in candles.items()}
    price = [Layer("price", (shown["close"],), "close")]
    if "b" in entry.inputs:
        price.append(Layer("line", (_average(candles)[-SHOWN:],), "b", pictures.COLOURS[1]))
    title = "; ".join((f"{SYMBOL} 1h", *words))
    if entry.kind == "condition" or (entry.kind == "count" and _is_rare(results)):
        return pictures.draw(title, [[*price, *_marks(entry, shown, results)]])
    if entry.outputs == CANDLES:
        return pictures.draw(title, [[Layer("candles", tuple(results), ", ".join(CANDLES))]])
    layers = [
        Layer("bars" if name in BARS_OF else "line", (result.astype(np.float64),), name, colour)
        for name, result, colour in zip(entry.outputs, results, pictures.COLOURS, strict=False)
    ]
    is_price = [entry.kind == "value" and _is_price(layer.values[0], shown) for layer in layers]
    price += [layer for layer, over in zip(layers, is_price, strict=True) if over]
    below = [layer for layer, over in zip(layers, is_price, strict=True) if not over]
    return pictures.draw(title, [price, below] if below else [price])


def _is_rare(results: list[NDArray[Any]]) -> bool:
    return all(np.count_nonzero(result) <= MARKS_SHARE * len(result) for result in results)


def _is_price(values: Values, shown: Candles) -> bool:
    """Whether the values lie where the price does, at most its range away."""
    low, high = float(shown["low"].min()), float(shown["high"].max())
    values = values[np.isfinite(values)]
    return bool(values.size and 2 * low - high <= values.min() and values.max() <= 2 * high - low)


def _marks(entry: Entry, shown: Candles, results: list[NDArray[Any]]) -> Iterator[Layer]:
    """Dots on the close where something holds; arrows for a count of two signs, from below where positive, else from above."""
    if entry.kind == "condition" or len(results) > 1:
        for name, result, colour in zip(entry.outputs, results, pictures.COLOURS, strict=False):
            yield Layer("dots", (np.where(result != 0, shown["close"], np.nan),), name, colour)
        return
    (name,), (result,) = entry.outputs, results
    if (result > 0).any():
        yield Layer("rise", (np.where(result > 0, shown["low"], np.nan),), f"{name} > 0", pictures.RISE)
    if (result < 0).any():
        yield Layer("fall", (np.where(result < 0, shown["high"], np.nan),), f"{name} < 0", pictures.FALL)


def _of_pattern(entry: Entry, recording: Recording) -> str:
    """Where the pattern is first found, in the middle of the picture."""
    for symbol in recording.symbols:
        candles = recording.candles(symbol)
        (result,) = _results(entry, [candles[name] for name in entry.inputs])
        found = np.flatnonzero(result[FIRST:-PATTERN_SHOWN])
        if found.size:
            return _candles(symbol, entry, candles, result, FIRST + int(found[0]))
    candles = recording.candles(SYMBOL)
    return _candles(f"{entry.name}: not once in this recording; {SYMBOL}", entry, candles, np.zeros(len(candles["close"])), FIRST)


def _candles(title: str, entry: Entry, candles: Candles, result: NDArray[Any], middle: int) -> str:
    rows = slice(middle - PATTERN_SHOWN // 2, middle + PATTERN_SHOWN // 2)
    shown = {name: values[rows] for name, values in candles.items()}
    bars = Layer("candles", tuple(shown[name] for name in ("open", "high", "low", "close")))
    return pictures.draw(f"{title} 1h", [[bars, *_marks(entry, shown, [result[rows]])]])


@click.command()
@click.argument("recording", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("names", nargs=-1)
def main(recording: Path, folder: Path, names: tuple[str, ...]) -> None:
    """Draw all indicators (or those NAMES) into FOLDER, and remove pictures of indicators that there are no more."""
    candles = Recording(recording)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or catalog.ENTRIES:
        (folder / f"{name}.svg").write_text(picture(catalog.ENTRIES[name], candles))
    for path in folder.glob("*.svg"):
        if path.stem not in catalog.ENTRIES:
            path.unlink()


if __name__ == "__main__":
    main()
