"""Slow twins of the volume weighted average prices: every value adds up its own bars, exactly."""

import math
from collections.abc import Sequence

Values = Sequence[float]


def _average(prices: Values, volume: Values) -> float:
    traded = math.fsum(volume)
    return math.fsum(p * v for p, v in zip(prices, volume, strict=True)) / traded if traded > 0 else prices[-1]


def _typical(high: Values, low: Values, close: Values) -> list[float]:
    return [math.fsum(bar) / 3 for bar in zip(high, low, close, strict=True)]


def vwap_session(high: Values, low: Values, close: Values, volume: Values, time: Values, session_minutes: int) -> list[float]:
    prices = _typical(high, low, close)
    sessions = [int(at) // (60_000 * session_minutes) for at in time]
    out = []
    for bar, session in enumerate(sessions):
        first = bar
        while first > 0 and sessions[first - 1] == session:
            first -= 1
        out.append(_average(prices[first : bar + 1], volume[first : bar + 1]))
    return out


def vwap_rolling(high: Values, low: Values, close: Values, volume: Values, period: int) -> list[float]:
    prices = _typical(high, low, close)
    return [
        _average(prices[bar + 1 - period : bar + 1], volume[bar + 1 - period : bar + 1]) if bar + 1 >= period else math.nan
        for bar in range(len(prices))
    ]
