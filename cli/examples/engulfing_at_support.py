"""Engulfing at support: a bullish engulfing bar on 15m whose low lies within one ATR of the lowest low of 100 bars."""

refresh = "15m"
symbols = "top:100"


def check(ticker, klines, ta):
    quarter = klines["15m"]
    high, low, close = quarter.high, quarter.low, quarter.close
    if ta.cdlengulfing(quarter.open, high, low, close)[-1] <= 0:
        return False
    support = ta.lowest(low, 100)[-1]
    distance = (min(low[-2:]) - support) / ta.atr(high, low, close, 14)[-1]
    return {"support": support, "distance_atr": round(distance, 2)} if distance < 1 else False
