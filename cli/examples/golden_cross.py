"""Golden cross: on 5m the SMA(20) has crossed above the SMA(50) within the last three bars, and the close is above both."""

refresh = "5m"
symbols = "top:100"


def check(ticker, klines, ta):
    five = klines["5m"]
    fast, slow = ta.sma(five.close, 20), ta.sma(five.close, 50)
    if not ta.crossed_above(fast, slow)[-3:].any():
        return False
    return five.close[-1] > fast[-1] > slow[-1]
