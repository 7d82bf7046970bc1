"""Trend on three time frames: EMA(20) above EMA(50) on 15m, 1h and 4h, and the 15m close comes back above its EMA(20)."""

refresh = "15m"
symbols = "top:100"


def rises(bars, ta):
    return ta.ema(bars.close, 20)[-1] > ta.ema(bars.close, 50)[-1]


def check(ticker, klines, ta):
    quarter = klines["15m"]
    if not ta.crossed_above(quarter.close, ta.ema(quarter.close, 20))[-1]:
        return False
    return all(rises(bars, ta) for bars in (quarter, klines["1h"], klines["4h"]))
