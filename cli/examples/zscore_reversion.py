"""Z-score reversion: on 15m the close comes back above two deviations below its mean of 50 bars, while there is no trend."""

refresh = "15m"
symbols = "top:100"

FAR = -2.0


def check(ticker, klines, ta):
    quarter = klines["15m"]
    score = ta.zscore(quarter.close, 50)
    if not ta.crossed_above(score, FAR)[-1]:
        return False
    adx = ta.adx(quarter.high, quarter.low, quarter.close, 14)[-1]
    return {"zscore": round(score[-1], 2), "adx": round(adx, 1)} if adx < 30 else False
