"""Volume spike: the last minute traded four times the average of the hour before it, and closed higher than it opened."""

refresh = "1m"
symbols = "top:100"


def check(ticker, klines, ta):
    minute = klines["1m"]
    if len(minute) < 61 or minute.close[-1] <= minute.open[-1]:
        return False
    usual = minute.quote_volume[-61:-1].mean()
    if usual <= 0 or minute.quote_volume[-1] < 4 * usual:
        return False
    buyers = minute.taker_buy_volume[-1] / minute.volume[-1]
    return {"times": round(minute.quote_volume[-1] / usual, 1), "buyers": round(buyers, 2)}
