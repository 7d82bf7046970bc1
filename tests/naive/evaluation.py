"""Slow and obviously right: which signals a filter gives over recorded bars, in plain Python, NumPy and TA-Lib.

Nothing of the product is used here, so that the two can be held against each other. Close-driven filters only.
"""

import ast
import math
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import talib

Bar = Sequence[float]
Candles = Mapping[str, Mapping[str, Sequence[Bar]]]

DAY_MS = 86_400_000
LENGTHS_MS = {"1s": 1_000}
LENGTHS_MS |= {f"{n}m": n * 60_000 for n in (1, 3, 5, 15, 30)}
LENGTHS_MS |= {f"{n}h": n * 3_600_000 for n in (1, 2, 4, 6, 8, 12)}
LENGTHS_MS |= {"1d": DAY_MS}

FLOATS = ("open", "high", "low", "close", "volume", "quote_volume", "trades", "taker_buy_volume", "taker_buy_quote_volume")


def signals(
    candles: Candles,
    filter_source: str,
    symbols: Sequence[str],
    refresh: str,
    start_ms: int,
    end_ms: int,
    history_bars: int,
) -> set[tuple[str, int]]:
    """(symbol, open time of the bar that closed) of every first match, at the closes T with start_ms <= T <= end_ms.

    `candles` holds closed bars by symbol and interval, oldest first: open time in ms, then the values of `FLOATS`, as many as
    there are (missing ones count as 0). An interval that is not there is made from the shortest one that is.
    """
    return {(symbol, bar) for symbol, bar, _ in matches(candles, filter_source, symbols, refresh, start_ms, end_ms, history_bars)}


def matches(
    candles: Candles, filter_source: str, symbols: Sequence[str], refresh: str, start_ms: int, end_ms: int, history_bars: int
) -> list[tuple[str, int, Any]]:
    """As `signals`, in order of time and symbol, with what the filter returned."""
    length_ms = LENGTHS_MS[refresh]
    read = sorted({*intervals_read(filter_source), refresh}, key=LENGTHS_MS.__getitem__)
    series = {symbol: {name: columns(bars_of(candles[symbol], name)) for name in read} for symbol in symbols}
    matched = dict.fromkeys(symbols, False)
    found = []
    for as_of_ms in range(-(-start_ms // length_ms) * length_ms, end_ms + 1, length_ms):
        for symbol in symbols:
            if as_of_ms - length_ms not in series[symbol][refresh].known:
                continue
            klines = {name: window(series[symbol][name], LENGTHS_MS[name], as_of_ms, history_bars) for name in read}
            if any(len(bars) == 0 for bars in klines.values()):
                continue
            try:
                answer = check_of(filter_source)(ticker(symbol, klines[read[0]], as_of_ms), klines, TA)
            except Exception:
                continue
            yes = answer is not None and (isinstance(answer, dict) or bool(answer))
            if yes and not matched[symbol]:
                found.append((symbol, as_of_ms - length_ms, answer))
            matched[symbol] = yes
    return found


def intervals_read(source: str) -> set[str]:
    """Every constant in square brackets that is the name of an interval."""
    keys = (node.slice for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Subscript))
    return {key.value for key in keys if isinstance(key, ast.Constant) and key.value in LENGTHS_MS}


def check_of(source: str) -> Any:
    """The filter's function, from a module of its own."""
    namespace: dict[str, Any] = {"np": np, "math": math}
    exec(compile(source, "<oracle>", "exec"), namespace)
    return namespace["check"]


def bars_of(by_interval: Mapping[str, Sequence[Bar]], name: str) -> list[Bar]:
    """Bars of an interval, resampled if they are not there."""
    if name in by_interval:
        return list(by_interval[name])
    base = min(by_interval, key=LENGTHS_MS.__getitem__)
    return resampled(by_interval[base], LENGTHS_MS[base], LENGTHS_MS[name])


def resampled(bars: Sequence[Bar], length_ms: int, to_length_ms: int) -> list[Bar]:
    """Longer bars, the last one only if it is complete. Open, high and low ignore bars without a trade, unless all are."""
    groups: dict[int, list[Bar]] = {}
    for bar in bars:
        groups.setdefault(int(bar[0]) // to_length_ms * to_length_ms, []).append(bar)
    made = []
    for open_ms, group in sorted(groups.items()):
        if open_ms + to_length_ms > bars[-1][0] + length_ms:
            continue
        traded = [bar for bar in group if bar[5] > 0] or group
        prices = (traded[0][1], max(bar[2] for bar in traded), min(bar[3] for bar in traded), group[-1][4])
        amounts = (math.fsum(bar[place] for bar in group) for place in range(5, len(group[0])))
        made.append((open_ms, *prices, *amounts))
    return made


class Bars:
    """Columns of bars."""

    forming = False

    def __init__(self, open_time: Any, values: Mapping[str, Any]) -> None:
        self.open_time = open_time
        self.known = set(open_time.tolist())
        for name in FLOATS:
            setattr(self, name, values[name])

    def __len__(self) -> int:
        return len(self.open_time)

    @property
    def closed(self) -> "Bars":
        return self


def columns(bars: Sequence[Bar]) -> Bars:
    """Arrays from rows."""
    rows = [(*bar, *[0.0] * (10 - len(bar))) for bar in bars]
    open_time = np.array([int(row[0]) for row in rows], np.int64)
    return Bars(open_time, {name: np.array([float(row[place]) for row in rows]) for place, name in enumerate(FLOATS, 1)})


def window(bars: Bars, length_ms: int, as_of_ms: int, history_bars: int) -> Bars:
    """The bars a filter sees: closed by then, and not before the anchor."""
    step = max(1, history_bars // 10)
    first_bar = math.ceil((as_of_ms // length_ms - history_bars) / step) * step
    seen = (bars.open_time + length_ms <= as_of_ms) & (bars.open_time >= first_bar * length_ms)
    return Bars(bars.open_time[seen], {name: getattr(bars, name)[seen] for name in FLOATS})


def ticker(symbol: str, bars: Bars, as_of_ms: int) -> SimpleNamespace:
    """The last 24 hours, or the last bar alone."""
    seen = bars.open_time >= as_of_ms - DAY_MS
    seen[-1] = True
    first, last = float(bars.open[seen][0]), float(bars.close[-1])
    return SimpleNamespace(
        symbol=symbol,
        last=last,
        change_percent=(last - first) / first * 100,
        high=float(bars.high[seen].max()),
        low=float(bars.low[seen].min()),
        volume=float(bars.volume[seen].sum()),
        quote_volume=float(bars.quote_volume[seen].sum()),
        time=as_of_ms,
    )


def _talib(name: str, inputs: int) -> Any:
    function = getattr(talib, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        series = [np.ascontiguousarray(array, dtype=np.float64) for array in args[:inputs]]
        renamed = {"timeperiod" if key == "period" else key: value for key, value in kwargs.items()}
        if any(np.isnan(array).all() for array in series):
            # TA-Lib refuses to look at them; three outputs are the most it has.
            nothing = np.full(len(series[0]), np.nan)
            outputs = {"MACD": 3, "BBANDS": 3, "STOCH": 2}.get(name, 1)
            return nothing if outputs == 1 else (nothing,) * outputs
        return function(*series, *args[inputs:], **renamed)

    return call


def _crossed_above(a: Any, b: Any) -> Any:
    size = len(a) if np.ndim(a) else len(b)
    a = np.broadcast_to(np.asarray(a, float), size)
    b = np.broadcast_to(np.asarray(b, float), size)
    return np.array([i > 0 and bool(a[i - 1] <= b[i - 1] and a[i] > b[i]) for i in range(size)], bool)


TA = SimpleNamespace(
    sma=_talib("SMA", 1),
    ema=_talib("EMA", 1),
    wma=_talib("WMA", 1),
    rsi=_talib("RSI", 1),
    macd=_talib("MACD", 1),
    bbands=_talib("BBANDS", 1),
    atr=_talib("ATR", 3),
    stoch=_talib("STOCH", 3),
    adx=_talib("ADX", 3),
    obv=_talib("OBV", 2),
    cci=_talib("CCI", 3),
    vwap=_talib("VWAP", 4),
    highest=_talib("MAX", 1),
    lowest=_talib("MIN", 1),
    crossed_above=_crossed_above,
    crossed_below=lambda a, b: _crossed_above(b, a),
)
