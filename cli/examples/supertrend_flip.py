"""Supertrend flip: on 15m the Supertrend(10, 3) turns from down to up; its stop and how far away it is are told."""

refresh = "15m"
symbols = "top:100"


def check(ticker, klines, ta):
    quarter = klines["15m"]
    if len(quarter) < 20:
        return False
    stop, trend = ta.supertrend(quarter.high, quarter.low, quarter.close, 10, 3.0)
    if not (trend[-2] < 0 < trend[-1]):
        return False
    return {"stop": stop[-1], "risk_percent": round(100 * (1 - stop[-1] / quarter.close[-1]), 2)}
