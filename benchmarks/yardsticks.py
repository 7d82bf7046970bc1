"""What this machine does at this moment with plain tools, as units for everything else: its milliseconds vary, ratios do not.

U1: RSI(14), MACD(12, 26, 9) and Bollinger bands (20, 2) by a plain loop over TA-Lib, 100 symbols × 500 bars, one process;
absent without TA-Lib. U3: a round trip over ZeroMQ ROUTER/DEALER between two pinned processes. U4: msgspec's typed decode of
one frame of a kline stream.
"""

import importlib
import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.binance.messages import decode_kline_frame

talib: Any = importlib.import_module("talib") if importlib.util.find_spec("talib") else None

SYMBOLS = 100
BARS = 500
FRAME = (
    b'{"stream":"btcusdt@kline_5m","data":{"e":"kline","E":1709294700070,"s":"BTCUSDT","k":{"t":1709294400000,"T":1709294699999,'
    b'"s":"BTCUSDT","i":"5m","f":3464551011,"L":3464558743,"o":"62387.90000000","c":"62420.01000000","h":"62444.00000000",'
    b'"l":"62360.00000000","v":"123.45678000","n":7733,"x":true,"q":"7703456.12345678","V":"60.12345000","Q":"3751234.12345678",'
    b'"B":"0"}}}'
)


class U1:
    """The TA-Lib loop; `milliseconds` measures it once."""

    def __init__(self) -> None:
        steps = np.random.default_rng(1).normal(0, 0.002, (SYMBOLS, BARS))
        self._closes = [np.ascontiguousarray(row) for row in 100 * np.exp(np.cumsum(steps, axis=1))]

    def milliseconds(self) -> float:
        """Wall time of one pass over all symbols."""
        begun_s = time.perf_counter()
        for close in self._closes:
            talib.RSI(close, 14)
            talib.MACD(close, 12, 26, 9)
            talib.BBANDS(close, 20, 2.0, 2.0)
        return (time.perf_counter() - begun_s) * 1e3


def measure(rounds: int = 25) -> dict[str, float]:
    """All yardsticks that can be had here, each over so many rounds."""
    found: dict[str, float] = {}
    if talib is not None:
        loop = U1()
        found["u1_ms"] = statistics.median(_after_warm_up(loop.milliseconds, rounds))
    trips_us = sorted(seconds * 1e6 for seconds in _round_trips(rounds))
    found["u3_p50_us"] = statistics.median(trips_us)
    found["u3_p99_us"] = trips_us[len(trips_us) * 99 // 100]
    found["u4_us"] = statistics.median(_after_warm_up(_decode_us, rounds))
    return {name: round(value, 3) for name, value in found.items()}


def _after_warm_up(call: Callable[[], float], rounds: int) -> list[float]:
    return [call() for _ in range(rounds + 3)][3:]


def _round_trips(rounds: int) -> list[float]:
    # Here, because it is a part of a suite that imports much.
    from benchmarks.dispatch import PingPong

    with PingPong() as pong:
        pong.round_trips()
        return [seconds for _ in range(rounds) for seconds in pong.round_trips()]


def _decode_us() -> float:
    begun_s = time.perf_counter()
    for _ in range(2_000):
        decode_kline_frame(FRAME)
    return (time.perf_counter() - begun_s) * 1e6 / 2_000
