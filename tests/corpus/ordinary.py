"""Ordinary filters, as people write them; bodies stand in `check` after `HEAD`."""

from tests.corpus import HEAD

#: One-line answers after HEAD.
EXPRESSIONS = [
    "return close[-1] > ta.sma(close, 20)[-1]",
    "return ta.rsi(close, 14)[-1] < 45",
    "return ta.rsi(close, period=7)[-1] > 55 and hour.close[-1] > ta.ema(hour.close, 20)[-1]",
    "return close[-1] > close[-2] > close[-3]",
    "return all(close[i] > close[i - 1] for i in range(-2, 0))",
    "return any(x > close.mean() for x in close[-3:])",
    "return bool(np.all(np.diff(close[-3:]) > 0))",
    "return close[-1] == max(close[-10:])",
    "return close[-1] <= min(close[-20:-1])",
    "return five.volume[-1] > 1.2 * five.volume[-20:].mean()",
    "return np.argmax(five.high[-10:]) == 9",
    "return abs(close[-1] / close[-2] - 1) > 0.001",
    "return round(close[-1] - five.open[-1], 8) > 0",
    "return sum(1 for a, b in zip(five.open[-10:], close[-10:]) if b > a) >= 6",
    "return sorted(close[-5:])[2] < close[-1]",
    "return len(five) > 30 and five.closed.close[-1] == close[-1] and not five.forming",
    "return ticker.change_percent > 0 and ticker.last == close[-1]",
    "return {'rsi': round(float(ta.rsi(close, 14)[-1]), 6), 'name': f'{ticker.symbol}: {close[-1]:.2f}'}",
    "return {'high': ticker.high, 'low': ticker.low, 'volume': ticker.volume, 'time': ticker.time}",
    "return (lambda a, b: a > b)(close[-1], close[-5])",
    "return [x for x in map(lambda v: v * 2, close[-3:])][-1] > 2 * close[-2]",
    "return list(filter(lambda v: v > close[-1], close[-10:])) == []",
    "return next((i for i, v in enumerate(reversed(close)) if v > close[-1]), None) is not None",
    "return np.where(close > ta.ema(close, 10), 1, 0)[-5:].sum() >= 3",
    "return np.percentile(close, 90) < close[-1]",
    "return float(np.corrcoef(close[-20:], five.volume[-20:])[0, 1]) > 0",
    "return math.log(close[-1] / close[-10]) > 0.0",
    "return np.polyfit(np.arange(20), close[-20:], 1)[0] > 0",
    "return not np.isnan(ta.adx(five.high, five.low, close, 14)[-1])",
    "return ta.crossed_above(ta.ema(close, 5), ta.ema(close, 20))[-5:].any()",
    "return ta.crossed_below(ta.rsi(close, 14), 50)[-3:].any()",
    "return close[-1] > ta.vwap(five.high, five.low, close, five.volume)[-1]",
    "return ta.obv(close, five.volume)[-1] > ta.obv(close, five.volume)[-10]",
    "return -100 < ta.cci(five.high, five.low, close, 20)[-1] < 100",
    "return (close[-1] - ta.lowest(five.low, 14)[-1]) / (ta.highest(five.high, 14)[-1] - ta.lowest(five.low, 14)[-1]) > 0.5",
    "return divmod(int(five.open_time[-1]), 3_600_000)[1] == 0",
    "return isinstance(close[-1], float) and not isinstance(close, (list, tuple))",
    "return {'closes': close[-3:].tolist(), 'up': bool(close[-1] > close[-2])}",
    "return None if close[-1] < close[-2] else True",
    "return np.median(five.taker_buy_volume[-10:] / five.volume[-10:]) > 0.2 and five.trades[-1] > 0",
]

#: Longer ones, whole.
_TEXT = r"""'''Oversold bounce.'''
refresh = "5m"
symbols = "top:100"

def check(ticker, klines, ta):
    five, hour = klines["5m"], klines["1h"]
    if ta.rsi(five.close, 14)[-1] >= 40:
        return False
    return hour.close[-1] > ta.ema(hour.close, 20)[-1]
# ---
import numpy as np
import math

PERIOD = 20
LEVELS = (30, 70)

def middle(values: "array", period: int = PERIOD) -> float:
    window = values[-period:]
    return float(np.max(window) + np.min(window)) / 2

def check(ticker, klines, ta):
    five = klines['5m']
    low, high = LEVELS
    rsi = ta.rsi(five.close)[-1]
    return low < rsi < high and five.close[-1] > middle(five.close)
# ---
TABLE = {'BTCUSDT': 1.0, 'ETHUSDT': 2.0}

def check(ticker, klines, ta):
    five = klines['5m']
    weight = TABLE.get(ticker.symbol, 0.5)
    total = 0.0
    for price, volume in zip(five.close[-10:], five.volume[-10:]):
        if volume == 0:
            continue
        total += price * volume
    else:
        total *= weight
    return {'total': total}
# ---
def trend(k, t):
    return k['1h'].close[-1] > t.ema(k['1h'].close, 20)[-1]

def check(ticker, klines, ta):
    try:
        ratio = 1 / int(klines['5m'].close[-1] > klines['5m'].close[-2])
    except ZeroDivisionError as error:
        ratio = 0
    finally:
        done = True
    return ratio == 1 and trend(klines, ta)
# ---
def check(ticker, klines, ta):
    five = klines['5m']
    macd, signal, hist = ta.macd(five.close)
    upper, _, lower = ta.bbands(five.close, 20, 2.0, 2.0)
    slowk, slowd = ta.stoch(five.high, five.low, five.close)
    score: int = 0
    score += hist[-1] > 0
    score += lower[-1] < five.close[-1] < upper[-1]
    score += slowk[-1] > slowd[-1]
    return {'score': int(score)} if score >= 2 else False
# ---
def check(ticker, klines, ta):
    close = klines['5m'].close
    runs, run = [], 0
    i = 1
    while i < len(close):
        run = run + 1 if close[i] > close[i - 1] else 0
        runs.append(run)
        i += 1
    *_, last = runs
    first, *rest = runs
    del runs[0]
    seen = {r for r in runs if r}
    by = {r: runs.count(r) for r in seen}
    assert len(runs) > 0, 'none'
    return {'last': last, 'longest': max(by, default=0), 'kinds': len(seen)}
# ---
def check(ticker, klines, ta):
    bars = klines['5m']
    body = np.abs(bars.close - bars.open)
    span = bars.high - bars.low
    hammer = (body < span * 0.5) & (bars.close > bars.low + span * 0.3)
    if (n := int(hammer[-20:].sum())) < 3:
        return False
    return {'hammers': n}
# ---
def check(ticker, klines, ta):
    close = klines['5m'].close
    try:
        return close[10_000] > 0
    except:
        return {'short': len(close)}
# ---
def check(ticker, klines, ta):
    def change(values, n=1):
        return (values[-1] / values[-1 - n] - 1) * 100
    text = ', '.join(str(round(change(klines['5m'].close, n), 3)) for n in (1, 5, 10))
    return {'text': text.upper().replace('E', 'e'), 'ok': text.startswith('-') or not text.startswith('-')}
# ---
UP = 'up'
refresh = '1h'
symbols = ['BTCUSDT', 'ETHUSDT']
length = lambda v: len(v)

def check(ticker, klines, ta):
    hour = klines['1h']
    z = (hour.close[-1] - hour.close[-24:].mean()) / (hour.close[-24:].std() or 1.0)
    return {UP: bool(z > 0), 'z': float(np.clip(z, -3, 3)), 'n': length(hour.close[-24:])}
"""
FILTERS = _TEXT.split("# ---\n")

ORDINARY = [HEAD + expression + "\n" for expression in EXPRESSIONS] + FILTERS
