"""Momentum now: asked every ten seconds, with the minute still forming: the price breaks the highest close of four hours."""

refresh = "10s"
symbols = "top:100"

#: Minutes that it has to beat, and by how much: a price that only touches its high flickers, and that is no news.
BARS = 240
MARGIN = 1.002


def check(ticker, klines, ta):
    minute = klines["1m"]
    closed = minute.closed
    if len(closed) < BARS + 1:
        return False
    barrier = closed.close[-BARS - 1 : -1].max()
    return {"above_percent": round(100 * (minute.close[-1] / barrier - 1), 3)} if minute.close[-1] > barrier * MARGIN else False
