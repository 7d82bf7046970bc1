"""A worker's answers over recorded candles against the slow, plain evaluation: the same signals, bar for bar."""

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from engine.base.types import INTERVAL_MS, Kline
from engine.candles.bars import resample
from tests.data import SPOT_5M
from tests.naive import evaluation
from tests.unit.workers.stall import stall

NAMES = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "ALPINEUSDT", "ELFUSDT")
HISTORY = 200
BARS = 5_000
CLOSES = 700

FILTERS = {
    "bounce": """
def check(ticker, klines, ta):
    five, hour = klines["5m"], klines["1h"]
    if ta.rsi(five.close, 14)[-1] >= 30:
        return False
    return hour.close[-1] > ta.ema(hour.close, 50)[-1]
""",
    "bands": """
def check(ticker, klines, ta):
    five = klines["5m"]
    upper, middle, lower = ta.bbands(five.close, 20, 2.0, 2.0)
    macd, signal, hist = ta.macd(five.close)
    return five.close[-1] > upper[-1] and ta.crossed_above(macd, signal)[-5:].any()
""",
    "smoothed": """
def check(ticker, klines, ta):
    five, quarter = klines["5m"], klines["15m"]
    smooth = ta.ema(ta.rsi(quarter.close, 14), 9)
    return {"smooth": smooth[-1]} if smooth[-1] > 60 and ticker.change_percent > 0 else None
""",
}


@pytest.fixture(scope="module")
def candles():
    table = pq.read_table(SPOT_5M, columns=["symbol", "open_time", "open", "high", "low", "close", "volume"])
    found = {}
    for name in NAMES:
        rows = table.filter(pc.equal(table["symbol"], name)).slice(20_000, BARS).to_pydict()
        columns = [rows[key] for key in ("open_time", "open", "high", "low", "close", "volume")]
        found[name] = [Kline(int(t), *values, 0.0, 0.0, 0.0, 0.0) for t, *values in zip(*columns, strict=True)]
    return found


@pytest.mark.parametrize("kind", FILTERS)
def test_the_same_signals_as_in_plain_python(candles, kind):
    source = FILTERS[kind]
    end_ms = min(rows[-1].open_time for rows in candles.values()) + 300_000
    start_ms = end_ms - CLOSES * 300_000
    expected = evaluation.signals(
        {name: {"5m": rows} for name, rows in candles.items()}, source, NAMES, "5m", start_ms, end_ms, HISTORY
    )
    found = set()
    matched = dict.fromkeys(NAMES, False)
    with stall(HISTORY, NAMES, BARS + 10) as one:
        _fill(one, candles, evaluation.intervals_read(source))
        one.load(1, source)
        for as_of_ms in range(start_ms, end_ms + 1, 300_000):
            (result,) = one.ask(as_of_ms)
            assert (result.faults, result.unready, result.unasked) == ((), (), ())
            yes = {NAMES[match.symbol] for match in result.matches}
            for name in NAMES:
                if name in yes and not matched[name]:
                    found.add((name, as_of_ms - 300_000))
                matched[name] = name in yes
    assert found == expected
    assert len(found) > 5


def _fill(one, candles, intervals):
    for symbol, name in zip(one.symbols, NAMES, strict=True):
        for interval in intervals:
            length_ms = INTERVAL_MS[interval]
            rows = candles[name]
            bars = rows if interval == "5m" else resample(rows, length_ms)
            ended = [bar for bar in bars if bar.open_time + length_ms <= rows[-1].open_time + 300_000]
            one.writer.put_history(symbol, one.writer.add_interval(interval), ended)
