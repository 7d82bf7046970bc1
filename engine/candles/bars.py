"""Bars as data: validity, gaps, merging, resampling, and where a filter's window begins. Pure."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from operator import lt

from engine.base.types import Kline

#: The share of a window by which its beginning may move at once: see `window_start_ms`.
ANCHORS_PER_WINDOW = 10


def check_kline(kline: Kline, length_ms: int) -> str:
    """What is wrong with a bar of an interval of `length_ms`, or an empty text."""
    open_time, open_, high, low, close = kline[:5]
    if open_time <= 0 or open_time % length_ms:
        return f"open time {open_time} is not on the grid of {length_ms} ms"
    # A comparison with NaN is false, so the ordinary bar needs these two lines only.
    if 0.0 < low <= open_ <= high < math.inf and low <= close <= high:
        volume, quote_volume, trades, taker_volume, taker_quote = kline[5:]
        base_right = 0.0 <= volume < math.inf and 0.0 <= taker_volume < math.inf
        if base_right and 0.0 <= quote_volume < math.inf and 0.0 <= taker_quote < math.inf and 0.0 <= trades < math.inf:
            return ""
        return f"an amount is negative or no number: {kline[5:]}"
    return f"prices are out of order or no numbers: {kline[1:5]}"


def gaps(open_times: Sequence[int], length_ms: int) -> list[tuple[int, int]]:
    """Missing ranges in ascending open times, as (first missing open time, last missing open time)."""
    return [(before + length_ms, after - length_ms) for before, after in pairwise(open_times) if after - before > length_ms]


def merge(*parts: Iterable[Kline]) -> list[Kline]:
    """All bars once each, in order of open time; where two have the same, the later argument wins."""
    klines = [kline for part in parts for kline in part]
    times = [kline[0] for kline in klines]
    # Pages come in order, and so do their parts.
    if all(map(lt, times, times[1:])):
        return klines
    found = dict(zip(times, klines, strict=True))
    return [found[open_time] for open_time in sorted(found)]


def resample(klines: Iterable[Kline], to_length_ms: int) -> list[Kline]:
    """Longer bars from ascending shorter ones, by the exchange's rule: open, high and low ignore bars without a trade.

    A bar none of whose parts has a trade is flat at the last close (binance-facts: 755,565 hours reproduced without a
    difference). The last bar may be unfinished.
    """
    made: list[Kline] = []
    part: list[Kline] = []
    for kline in klines:
        if part and kline.open_time // to_length_ms != part[0].open_time // to_length_ms:
            made.append(_joined(part, to_length_ms))
            part = []
        part.append(kline)
    return [*made, _joined(part, to_length_ms)] if part else made


def _joined(part: Sequence[Kline], length_ms: int) -> Kline:
    traded = [kline for kline in part if kline.volume > 0] or part
    amounts = (math.fsum(values) for values in zip(*(kline[5:] for kline in part), strict=True))
    return Kline(
        part[0].open_time - part[0].open_time % length_ms,
        traded[0].open,
        max(kline.high for kline in traded),
        min(kline.low for kline in traded),
        part[-1].close,
        *amounts,
    )


def window_start_ms(as_of_ms: int, length_ms: int, history_bars: int) -> int:
    """Open time of the first bar that a filter sees as of an instant.

    The window holds at most `history_bars` closed bars and begins at an anchor, a multiple of a tenth of that on the
    interval's grid. So its beginning is a pure function of the instant, and remembered series stay valid for a while.
    """
    step = max(1, history_bars // ANCHORS_PER_WINDOW)
    closed = as_of_ms // length_ms
    return -(-(closed - history_bars) // step) * step * length_ms


def shortest_window(history_bars: int) -> int:
    """Closed bars that a window holds at least, whatever the instant, where the history goes back so far."""
    return history_bars - max(1, history_bars // ANCHORS_PER_WINDOW) + 1
