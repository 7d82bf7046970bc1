"""Momentum now: asked every ten seconds, with the minute still forming: the price passes the highest close of an hour."""

refresh = "10s"
symbols = "top:100"


def check(ticker, klines, ta):
    minute = klines["1m"]
    closed = minute.closed
    if len(closed) < 61:
        return False
    barrier = closed.close[-61:-1].max()
    return {"above_percent": round(100 * (minute.close[-1] / barrier - 1), 3)} if minute.close[-1] > barrier else False
