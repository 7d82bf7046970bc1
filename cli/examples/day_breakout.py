"""24h breakout: the 5m close is above the highest high of the 24 hours before it, on more volume than usual."""

refresh = "5m"
symbols = "top:100"

#: Bars of 5m in a day.
DAY = 288


def check(ticker, klines, ta):
    five = klines["5m"]
    if len(five) < DAY + 2:
        return False
    # The highest of the day as it stood one bar ago: this bar does not count, or nothing could be above it.
    ceiling = ta.highest(five.high, DAY)[-2]
    if five.close[-1] <= ceiling or five.volume[-1] <= ta.sma(five.volume, DAY)[-2]:
        return False
    return {"ceiling": ceiling, "above_percent": round(100 * (five.close[-1] / ceiling - 1), 3)}
