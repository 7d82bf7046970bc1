"""One run through everything a worker will do, in the nursery, so that nothing is imported, compiled or set up later.

NumPy loads parts of itself at first use; a worker that is locked down could not, and each worker would pay for it again.
"""

from typing import Final

from engine.base.types import INTERVAL_MS, Kline
from engine.candles.reader import Reader
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.wire.messages import Item, LoadFilter, Step, Task
from engine.wire.slots import Slots
from workers.deadline import Deadline
from workers.market import Market
from workers.memory import Memory
from workers.runner import Runner

#: What the filter below calls.
INDICATORS: Final = ("ema", "rsi", "crossed_above")
_BARS: Final = 120
_FILTER: Final = '''
"""Touches what filters touch."""
refresh = "5m"

def check(ticker, klines, ta):
    five = klines["5m"]
    close, high, low, volume = five.close, five.high, five.low, five.volume
    slow = ta.ema(close, 20)
    values = [
        ta.ema(ta.rsi(close, 14), 9)[-1], close[-20:].mean(), close.std(), np.median(close),
        np.percentile(close, 90), np.polyfit(np.arange(20), close[-20:], 1)[0], np.corrcoef(close, volume)[0, 1],
        np.convolve(close, np.ones(3), "valid")[-1], np.where(close > slow, 1.0, 0.0).sum(), np.interp(1.5, [1, 2], [3, 4]),
        np.unique(np.sign(np.diff(close))).size, np.nanmax(high - low), ticker.change_percent, math.sqrt(ticker.high),
    ]
    crossed = ta.crossed_above(close, slow)[-1] or ta.crossed_above(close, 20)[-1]
    return {"values": [0.0 if math.isnan(x) else float(x) for x in values], "crossed": crossed, "text": f"{close[-1]:.2f}"}
'''


def rehearse() -> int:
    """Run a filter over a small market of its own; returns the number of its matches, two when all is well."""
    segment = Segment.create(2, 1, _BARS + 8)
    slots = Slots.create(1)
    try:
        _fill(Writer(segment))
        memory = Memory()
        market = Market(Reader(segment), 100, memory)
        runner = Runner(market, memory, slots.writer(0), Deadline())
        runner.load(LoadFilter(1, "rehearsal", _FILTER))
        length_ms = INTERVAL_MS["5m"]
        item = Item((1,), (0, 1))
        steps = (Step(length_ms * _BARS, False, (item,)), Step(length_ms * (_BARS + 1), True, (item,)))
        done = runner.run(Task(1, steps, 60_000))
        market.close()
        return len(done.results[0].matches) if not any(result.faults for result in done.results) else 0
    finally:
        slots.close()
        segment.close()


def _fill(writer: Writer) -> None:
    length_ms = INTERVAL_MS["5m"]
    interval = writer.add_interval("5m")
    for name in ("AUSDT", "BUSDT"):
        symbol = writer.add_symbol(name)
        for number in range(1, _BARS + 1):
            price = 100.0 + (number * 7 + symbol) % 13
            bar = Kline(
                number * length_ms, price, price + 1, price - 1, price + 0.5, 1.0 + number % 5, price, 3.0, 0.5, price / 2
            )
            writer.put_closed(symbol, interval, bar)
        writer.put_forming(symbol, interval, bar._replace(open_time=(_BARS + 1) * length_ms))
