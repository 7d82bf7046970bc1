"""Bullish divergence: on 15m the price made a lower low and RSI(14) a higher one, and the second low is confirmed now."""

refresh = "15m"
symbols = "top:100"

BULLISH = 1
#: A low counts once so many bars on either side of it are higher.
SWING_BARS = 5


def check(ticker, klines, ta):
    quarter = klines["15m"]
    rsi = ta.rsi(quarter.close, 14)
    if len(rsi) <= SWING_BARS or ta.divergence(quarter.low, rsi, SWING_BARS)[-1] != BULLISH:
        return False
    rsi_then = rsi[-1 - SWING_BARS]
    return {"rsi_then": round(rsi_then, 1), "rsi_now": round(rsi[-1], 1)} if rsi_then < 45 else False
