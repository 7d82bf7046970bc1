"""Whole filters as language models and users write them when asked for a screen in one sentence."""

_TEXT = r'''
"""RSI bounce: oversold a few bars ago, back above 30 now, in an uptrend."""
refresh = "5m"

def check(ticker, klines, ta):
    bars = klines["5m"]
    if len(bars.close) < 60:
        return False
    rsi = ta.rsi(bars.close, 14)
    was_oversold = np.any(rsi[-6:-1] < 35)
    is_back = rsi[-1] > 35 and rsi[-1] > rsi[-2]
    if not (was_oversold and is_back):
        return None
    return {"rsi": round(float(rsi[-1]), 2), "lowest": round(float(np.nanmin(rsi[-6:])), 2), "symbol": ticker.symbol}
# ---
"""MACD crosses its signal line below zero."""
def check(ticker, klines, ta):
    macd, signal, histogram = ta.macd(klines["5m"].close, 12, 26, 9)
    crossed = ta.crossed_above(macd, signal)
    for back in range(1, 4):
        if crossed[-back] and macd[-back] < 0:
            return {"bars_ago": back - 1, "macd": float(macd[-1]), "histogram": float(histogram[-1])}
    return False
# ---
"""Volume spike on a green candle."""
MULTIPLE = 1.5
WINDOW = 20

def average(values, length):
    return sum(values[-length - 1:-1]) / length

def check(ticker, klines, ta):
    five = klines["5m"]
    usual = average(five.volume, WINDOW)
    if usual <= 0:
        return False
    ratio = five.volume[-1] / usual
    green = five.close[-1] > five.open[-1]
    if not green or ratio < MULTIPLE:
        return False
    return {"ratio": float(ratio), "text": f"{ticker.symbol} traded {ratio:.1f} times its usual volume"}
# ---
"""Bollinger squeeze: the bands are as narrow as seldom."""
def check(ticker, klines, ta):
    close = klines["5m"].close
    upper, middle, lower = ta.bbands(close, 20, 2.0, 2.0)
    width = (upper - lower) / middle
    recent = width[-60:]
    recent = recent[~np.isnan(recent)]
    if recent.size < 30:
        return False
    rank = float((recent < width[-1]).mean())
    return {"rank": rank, "width": float(width[-1])} if rank < 0.3 else False
# ---
"""Bullish engulfing."""
def is_red(o, c, i):
    return c[i] < o[i]

def check(ticker, klines, ta):
    k = klines["5m"]
    o, c = k.open, k.close
    hits = [i for i in range(-10, 0) if is_red(o, c, i - 1) and not is_red(o, c, i) and o[i] <= c[i - 1] and c[i] >= o[i - 1]]
    return {"bars": hits, "last": hits[-1]} if hits else False
# ---
"""Trend on three intervals."""
LENGTHS = {"5m": 20, "15m": 20, "1h": 10}

def check(ticker, klines, ta):
    up = {}
    for name, bars in (("5m", klines["5m"]), ("15m", klines["15m"]), ("1h", klines["1h"])):
        ema = ta.ema(bars.close, LENGTHS[name])
        up[name] = bool(bars.close[-1] > ema[-1])
    votes = sum(up.values())
    return {"votes": votes, **up} if votes >= 2 else None
# ---
"""Z-score of the last close."""
def zscore(x, n=50):
    window = x[-n:]
    spread = np.std(window)
    if spread == 0:
        return 0.0
    return (window[-1] - np.mean(window)) / spread

def check(ticker, klines, ta):
    z = zscore(klines["5m"].close)
    return {"z": float(np.round(z, 3)), "side": "low" if z < 0 else "high"} if abs(z) > 1 else False
# ---
"""Longest streaks of green and red bars."""
def check(ticker, klines, ta):
    five = klines["5m"]
    best = {"green": 0, "red": 0}
    run, kind = 0, None
    for opened, closed in zip(five.open[-50:], five.close[-50:]):
        now = "green" if closed > opened else "red"
        run = run + 1 if now == kind else 1
        kind = now
        best[now] = max(best[now], run)
    return {**best, "current": run, "kind": kind}
# ---
"""Slope of a straight line through the closes."""
def check(ticker, klines, ta):
    y = klines["5m"].close[-30:]
    x = np.arange(len(y))
    slope, intercept = np.polyfit(x, y, 1)
    fitted = np.polyval((slope, intercept), x)
    error = np.sqrt(np.mean((y - fitted) ** 2))
    return {"slope": float(slope / y[0] * 100), "error": float(error)} if slope > 0 else False
# ---
"""Near the highest price of the last hundred bars."""
def check(ticker, klines, ta):
    high = klines["5m"].high[-100:]
    top = high.max()
    since = len(high) - 1 - int(np.argmax(high))
    distance = (top - klines["5m"].close[-1]) / top * 100
    return {"distance": float(distance), "bars_since": since} if distance < 2 else False
# ---
"""Fair value gap."""
def check(ticker, klines, ta):
    h, l = klines["5m"].high, klines["5m"].low
    gaps = []
    for i in range(len(h) - 20, len(h)):
        if l[i] > h[i - 2]:
            gaps.append((i - len(h), float(l[i] - h[i - 2])))
    gaps.sort(key=lambda gap: gap[1], reverse=True)
    return {"gaps": gaps[:3], "count": len(gaps)} if gaps else False
# ---
"""Support touched several times."""
def check(ticker, klines, ta):
    low = klines["1h"].low
    level = np.percentile(low, 10)
    touches = int(np.count_nonzero(np.abs(low - level) / level < 0.005))
    return {"level": float(level), "touches": touches} if touches >= 2 else False
# ---
"""ATR breakout with error handling."""
def check(ticker, klines, ta):
    try:
        five = klines["5m"]
        atr = ta.atr(five.high, five.low, five.close, period=14)
        move = five.close[-1] - five.close[-2]
        ratio = move / atr[-1]
        if np.isnan(ratio):
            raise ValueError("not enough bars")
    except (IndexError, ValueError, ZeroDivisionError) as error:
        return {"error": str(error)}
    else:
        return bool(abs(ratio) > 0.5)
# ---
"""Higher highs and higher lows."""
def pivots(values, better):
    return [i for i in range(2, len(values) - 2) if better(values[i - 2:i + 3]) == values[i]]

def check(ticker, klines, ta):
    hour = klines["1h"]
    tops, lows = pivots(hour.high, max), pivots(hour.low, min)
    if len(tops) < 2 or len(lows) < 2:
        return False
    rising = hour.high[tops[-1]] > hour.high[tops[-2]] and hour.low[lows[-1]] > hour.low[lows[-2]]
    return {"tops": tops[-2:], "lows": lows[-2:]} if rising else False
# ---
"""Scores of several conditions, sorted."""
def check(ticker, klines, ta):
    c = klines["5m"].close
    v = klines["5m"].volume
    conditions = {
        "above_sma": lambda: c[-1] > ta.sma(c, 20)[-1],
        "rsi_ok": lambda: 40 < ta.rsi(c, 14)[-1] < 70,
        "volume": lambda: v[-1] > np.median(v[-20:]),
        "adx": lambda: ta.adx(klines["5m"].high, klines["5m"].low, c)[-1] > 20,
    }
    passed = sorted(name for name, test in conditions.items() if test())
    return {"passed": passed, "share": len(passed) / len(conditions)} if len(passed) > 1 else False
# ---
"""Weighted change over several horizons."""
HORIZONS = ((1, 0.5), (5, 0.3), (20, 0.2))

def check(ticker, klines, ta):
    close = klines["5m"].close
    total = 0.0
    for bars, weight in HORIZONS:
        total += weight * (close[-1] / close[-1 - bars] - 1)
    return {"score": total * 100} if total > 0 else {"score": 0}
# ---
"""Supertrend flip and stochastic."""
def check(ticker, klines, ta):
    k = klines["5m"]
    slowk, slowd = ta.stoch(k.high, k.low, k.close, 14, 3, 0, 3, 0)
    trend = ta.supertrend(k.high, k.low, k.close)[1]
    flips = np.flatnonzero(np.diff(trend[-30:]) != 0)
    return {"k": float(slowk[-1]), "d": float(slowd[-1]), "flips": flips.tolist()} if slowk[-1] < 90 else False
# ---
"""Returns: volatility, skew and drawdown."""
def drawdown(prices):
    peak = prices[0]
    worst = 0.0
    for price in prices:
        peak = max(peak, price)
        worst = min(worst, price / peak - 1)
    return worst

def check(ticker, klines, ta):
    close = klines["5m"].close[-80:]
    returns = np.diff(np.log(close))
    mean, std = returns.mean(), returns.std(ddof=1)
    skew = ((returns - mean) ** 3).mean() / std ** 3
    return {"volatility": float(std * math.sqrt(288)), "skew": float(skew), "drawdown": float(drawdown(close))}
# ---
"""Histogram of volume by price."""
def check(ticker, klines, ta):
    five = klines["5m"]
    counts, edges = np.histogram(five.close, bins=10, weights=five.volume)
    busiest = int(counts.argmax())
    low, high = edges[busiest], edges[busiest + 1]
    return {"from": float(low), "to": float(high), "inside": bool(low <= five.close[-1] <= high)}
# ---
"""Doji after a move, with comparisons chained and masks combined."""
def check(ticker, klines, ta):
    o, h, l, c = (getter[-30:] for getter in (klines["5m"].open, klines["5m"].high, klines["5m"].low, klines["5m"].close))
    span = np.where(h - l == 0, 1e-12, h - l)
    doji = (np.abs(c - o) / span < 0.1) & (h > l)
    places = np.nonzero(doji)[0]
    return {"places": [int(p) for p in places], "any": bool(doji.any())} if 0 < len(places) < 15 else False
# ---
"""While loop, walrus, nested function, default argument, star unpacking, set and dict comprehension."""
def check(ticker, klines, ta):
    def step(values, n=3):
        return values[::n]
    close = list(klines["5m"].close)
    first, *middle, last = step(close)
    i, rising = len(close) - 1, 0
    while i > 0 and (change := close[i] - close[i - 1]) > 0:
        rising += 1
        i -= 1
    digits = {str(round(value))[-1] for value in close}
    lengths = {n: len(step(close, n)) for n in (2, 3, 4)}
    return {"rising": rising, "digits": sorted(digits), "lengths": [lengths[n] for n in sorted(lengths)], "mid": len(middle)}
# ---
"""Relative strength against its own day."""
symbols = "top:50"
refresh = "15m"

def check(ticker, klines, ta):
    if ticker.high == ticker.low:
        return False
    place = (ticker.last - ticker.low) / (ticker.high - ticker.low)
    rsi = ta.rsi(klines["15m"].close, 7)[-1]
    return {"place": place, "change": ticker.change_percent, "rsi": float(rsi)} if place > 0.4 else False
'''
SCREENS = [source.lstrip("\n") for source in _TEXT.split("# ---\n")]
