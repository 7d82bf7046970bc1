"""Strong trend: on 15m the ADX(14) is above 30 and rising, the close above its EMA(20), not further than three ATR."""

refresh = "15m"
symbols = "top:100"


def check(ticker, klines, ta):
    quarter = klines["15m"]
    high, low, close = quarter.high, quarter.low, quarter.close
    adx = ta.adx(high, low, close, 14)
    if len(adx) < 4 or not (adx[-1] > 30 and adx[-1] > adx[-4]):
        return False
    distance = (close[-1] - ta.ema(close, 20)[-1]) / ta.atr(high, low, close, 14)[-1]
    return {"adx": round(adx[-1], 1), "distance_atr": round(distance, 2)} if 0 < distance < 3 else False
