"""Ichimoku cloud break: the 1h close leaves the cloud upwards, conversion above base, price above that of 26 bars ago."""

refresh = "1h"
symbols = "top:100"


def check(ticker, klines, ta):
    hour = klines["1h"]
    conversion, base, span_a, span_b, lagging = ta.ichimoku(hour.high, hour.low, hour.close)
    top = np.maximum(span_a[-2:], span_b[-2:])
    if len(top) < 2 or not (hour.close[-2] <= top[0] and hour.close[-1] > top[1]):
        return False
    return conversion[-1] >= base[-1] and hour.close[-1] > lagging[-1]
