"""Oversold bounce: RSI(14) on 1m under 30 and turning up, while the 15m close is above its EMA(50)."""

refresh = "1m"
symbols = "top:100"


def check(ticker, klines, ta):
    minute, quarter = klines["1m"], klines["15m"]
    rsi = ta.rsi(minute.close, 14)
    if len(rsi) < 2 or not (rsi[-2] < 30 and rsi[-1] > rsi[-2]):
        return False
    trend = ta.ema(quarter.close, 50)[-1]
    return {"rsi": round(rsi[-1], 2)} if quarter.close[-1] > trend else False
