"""Sources that are too deep, too long, too large, or read intervals that cannot be known beforehand."""

#: (body, construct that the refusal names)
REFUSED = [
    ("return " + "-" * 70 + "1", "-"),
    ("return " + "[" * 90 + "]" * 90, "["),
    ("return " + "not " * 70 + "1", "not"),
    ("return " + "lambda: " * 70 + "1", "lambda"),
    ("return " + "close." + "T." * 70 + "T", "close"),
    ("return f" + "(1)" * 70, "f"),
    ("return close" + "[0]" * 70, "close"),
    ("return 0x" + "f" * 5_000, "0xfff"),
    ("return ta.rsi(close, 0x" + "f" * 5_000 + ")", "0xfff"),
    ("return 0b" + "1" * 2_000, "0b111"),
    ("return klines[ticker.symbol]", "klines[ticker.symbol]"),
    ("return klines['5' + 'm']", "klines['5' + 'm']"),
    ("return klines['7m']", "'7m'"),
    ("return klines['1w']", "'1w'"),
    ("k = klines\n    return k[ticker.symbol]", "k[ticker.symbol]"),
    ("return ta.rsi(close, 0)", "ta.rsi(close, 0)"),
    ("return ta.rsi(close, 10.5)", "ta.rsi(close, 10.5)"),
    ("return ta.rsi(close, '14')", "ta.rsi(close, '14')"),
    ("return ta.rsi(close, 14, 15, 16)", "ta.rsi(close, 14, 15, 16)"),
]
