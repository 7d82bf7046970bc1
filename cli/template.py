"""The file that `engine trader new` writes: a filter that runs as it is, with what may be changed said beside it."""

TEMPLATE = '''"""Say in one line what this looks for: RSI(14) on 5m under 30 while the 1h trend is up."""

# When it is asked: an interval ("5m": at each close of that bar, on closed bars only, so nothing repaints)
# or a number of seconds ("10s": that often, and [-1] is the bar that is still forming).
refresh = "5m"

# Where: the most traded symbols ("top:100"), or a list of names: ["BTCUSDT", "ETHUSDT"].
symbols = "top:100"


def check(ticker, klines, ta):
    # klines["5m"] has read-only NumPy arrays, oldest first: open_time open high low close volume quote_volume trades
    # taker_buy_volume taker_buy_quote_volume. The interval must be written as a constant.
    five, hour = klines["5m"], klines["1h"]

    # ta has: sma ema wma rsi macd bbands atr stoch adx obv cci vwap crossed_above crossed_below highest lowest.
    # Give them whole series: each is computed once for all symbols and remembered.
    rsi = ta.rsi(five.close, 14)[-1]
    if rsi >= 30:
        return False

    # ticker has: symbol last change_percent high low volume quote_volume time. np and math are there without an import.
    if ticker.change_percent < -15:
        return False

    # Comparisons with NaN (a series that is still too short) are False, so such a symbol does not match.
    if not hour.close[-1] > ta.ema(hour.close, 200)[-1]:
        return False

    # True, or a small dict of details to keep with the signal.
    return {"rsi": round(rsi, 1), "change_percent": round(ticker.change_percent, 2)}
'''
