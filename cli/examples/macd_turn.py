"""MACD turn: on 5m the MACD line crosses above its signal line while both are below zero."""

refresh = "5m"
symbols = "top:100"


def check(ticker, klines, ta):
    close = klines["5m"].close
    macd, signal, hist = ta.macd(close, 12, 26, 9)
    return macd[-1] < 0 and ta.crossed_above(macd, signal)[-1]
