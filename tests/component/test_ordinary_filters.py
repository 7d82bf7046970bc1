"""Ordinary filters over recorded candles: none is refused, and each answers bit for bit as in plain CPython.

Plain means: the real builtins, numpy, math and the package `indicators`, over arrays of the same bars that no worker has made.
"""

import builtins
import json
import math

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import indicators
from engine.base.types import INTERVAL_MS, Kline
from engine.candles.bars import resample
from tests.corpus import ordinary, screens
from tests.data import SPOT_5M
from tests.naive import evaluation
from tests.unit.workers.stall import stall

NAMES = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "ALPINEUSDT", "ELFUSDT")
HISTORY = 200
BARS = 3_000
#: Instants asked about, in steps of the recording's bars from its end.
INSTANTS = (600, 411, 222, 33, 0)
#: How many symbols matched, of each question asked here.
told: list[int] = []
SOURCES = [*ordinary.ORDINARY, *screens.SCREENS]


@pytest.fixture(scope="module")
def town():
    """A stall with recorded bars, the same bars for the plain evaluation, and the instant of the last close."""
    table = pq.read_table(SPOT_5M)
    candles = {}
    for name in NAMES:
        rows = table.filter(pc.equal(table["symbol"], name)).slice(20_000, BARS).to_pydict()
        columns = [rows[key] for key in ("open_time", "open", "high", "low", "close", "volume")]
        # The recording has no trades and takers; made up from what it has.
        bars = [
            Kline(int(t), *ohlc, v, v * ohlc[3], v // 1 + 1, v / 3, v * ohlc[3] / 3) for t, *ohlc, v in zip(*columns, strict=True)
        ]
        candles[name] = {"5m": bars} | {key: resample(bars, INTERVAL_MS[key]) for key in ("15m", "1h")}
    with stall(HISTORY, NAMES, BARS + 10) as one:
        for symbol, name in zip(one.symbols, NAMES, strict=True):
            for interval, bars in candles[name].items():
                one.writer.put_history(symbol, one.writer.add_interval(interval), bars)
        columns = {name: {key: evaluation.columns(bars) for key, bars in found.items()} for name, found in candles.items()}
        yield one, columns, candles[NAMES[0]]["5m"][-1].open_time + INTERVAL_MS["5m"]


def plain(source, columns, as_of_ms):
    """What the filter returns for each symbol, run as any Python is."""
    namespace = {"np": np, "math": math, "__builtins__": builtins}
    exec(compile(source, "plain", "exec"), namespace)
    read = sorted(evaluation.intervals_read(source), key=evaluation.LENGTHS_MS.__getitem__)
    found = {}
    with np.errstate(all="ignore"):
        for name in NAMES:
            klines = {key: evaluation.window(columns[name][key], INTERVAL_MS[key], as_of_ms, HISTORY) for key in read}
            ticker = evaluation.ticker(name, klines[read[0]], as_of_ms)
            found[name] = namespace["check"](ticker, klines, indicators)
    return {
        name: json.dumps(answer) if isinstance(answer, dict) else True for name, answer in found.items() if answer or answer == {}
    }


@pytest.mark.parametrize("source", SOURCES, ids=range(len(SOURCES)))
def test_an_ordinary_filter_answers_bit_for_bit_as_in_plain_python(town, source):
    one, columns, end_ms = town
    one.load(1, source)
    for back in INSTANTS:
        as_of_ms = end_ms - back * INTERVAL_MS["5m"]
        (result,) = one.ask(as_of_ms)
        assert (result.faults, result.unready, result.unasked) == ((), (), ())
        said = {NAMES[match.symbol]: json.dumps(json.loads(match.details)) if match.details else True for match in result.matches}
        assert said == plain(source, columns, as_of_ms)
        told.append(len(said))
    one.runner.drop(1)


def test_there_are_enough_of_them():
    assert len(set(SOURCES)) == len(SOURCES) >= 70


def test_they_say_yes_often_and_no_often():
    assert told.count(0) < 0.6 * len(told)
    assert told.count(len(NAMES)) < 0.6 * len(told)
