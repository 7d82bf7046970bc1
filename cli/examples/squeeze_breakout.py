"""Squeeze breakout: on 5m the Bollinger bands were as narrow as rarely in 100 bars, and the close has left them upwards."""

refresh = "5m"
symbols = "top:100"


def check(ticker, klines, ta):
    five = klines["5m"]
    upper, middle, lower = ta.bbands(five.close, 20, 2.0, 2.0)
    if len(five) < 130 or five.close[-1] <= upper[-1]:
        return False
    width = (upper[-101:] - lower[-101:]) / middle[-101:]
    narrow = np.percentile(width[:-1], 20)
    return {"width_percent": round(100 * width[-1], 3)} if width[-6:-1].min() <= narrow else False
