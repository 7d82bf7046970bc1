"""VWAP reclaim: the 1m close crosses above the volume-weighted average price after five closes below it."""

refresh = "1m"
symbols = "top:100"


def check(ticker, klines, ta):
    minute = klines["1m"]
    vwap = ta.vwap(minute.high, minute.low, minute.close, minute.volume)
    below = minute.close < vwap
    return len(minute) > 6 and minute.close[-1] > vwap[-1] and below[-6:-1].all()
