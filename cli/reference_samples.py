"""Samples of what a filter may and may not say, for the reference page: the policy judges each when the page is made."""

from typing import Final

#: What it is, and a sample that is accepted. A sample is the body of `check`, where `five` is `klines["5m"]`.
ALLOWED: Final = (
    (
        "helper functions, with defaults, `*rest` and recursion",
        "def rises(values, bars=3):\n    return values[-1] > values[-bars]\nreturn rises(five.close)",
    ),
    ("lambdas", "return max(five.close[-5:], key=lambda price: -price) > 1"),
    (
        "`for`, `while`, `break`, `continue`, `else` of a loop",
        "for price in five.close[-3:]:\n    if price < 1:\n        break\nelse:\n    return True",
    ),
    (
        "comprehensions, also of sets and dicts, and generator expressions",
        "return sum(1 for price in five.close[-9:] if price > 1) > 5",
    ),
    ("early returns, conditional expressions, `:=`", "return (n := len(five)) > 50 if five.close[-1] > 1 else False"),
    ("chained comparisons, unpacking, starred targets", "first, *rest = five.close[-4:]\nreturn first < rest[-1] < 9e9"),
    (
        "`try`, `except` of named exceptions, `else`, `raise`, `assert`",
        "try:\n    return 1 / (five.close[-1] - 1) > 0\nexcept ZeroDivisionError:\n    return False",
    ),
    ("`finally` that assigns constants", "try:\n    done = True\nfinally:\n    done = False\nreturn done"),
    (
        "texts, f-strings, lists, tuples, dicts, sets, slices",
        'return {"is": f"{five.close[-1]:.2f}", "last": list(five.close[-3:])}',
    ),
    (
        "arrays: masks, reductions, arithmetic, changes to copies",
        "up = five.close[five.close > five.open]\nreturn up.mean() > np.median(five.close)",
    ),
    (
        "constants and tables at module level",
        'LEVELS = {"BTCUSDT": 50_000}\n\ndef check(ticker, klines, ta):\n    return ticker.last > LEVELS.get(ticker.symbol, 1)',
    ),
    ("annotations, which nothing looks at", "limit: float = 30.0\nreturn ta.rsi(five.close)[-1] < limit"),
    (
        "`import numpy as np` and `import math`, which change nothing",
        "import math\n\ndef check(ticker, klines, ta):\n    return math.isfinite(ticker.last)",
    ),
)

#: A sample that is refused, and the reason for the rule.
REFUSED: Final = (
    ("import os", "modules are doors to files, network and processes; what a filter may use is there without an import"),
    (
        "from math import sqrt\n\ndef check(ticker, klines, ta):\n    return True",
        "one way of naming things is enough to check: `math.sqrt`",
    ),
    ('return open("data.csv")', "there are no files; a name that is not on the list does not exist"),
    ('return getattr(five, "close")', "attributes by computed name could not be checked before the filter runs"),
    ("return five.__class__", "names with underscores lead into the interpreter: classes, frames, code"),
    ('return "{0.close}".format(five)', "texts with fields reach attributes by name; f-strings are checked"),
    ("five.seen = 1", "no state survives a call: what was asked before must not change an answer"),
    ("global count", "as above"),
    ("class Box:\n    pass", "classes are objects that live on and change how others behave; tuples and dicts do for a filter"),
    ("yield five.close[-1]", "a generator keeps a frame alive, and frames lead to everything"),
    ("@abs\ndef helper():\n    return 1", "a decorator is a hidden call"),
    ("with five:\n    return True", "there is nothing to open, and it runs code on the way out"),
    ("async def helper():\n    return 1", "there is nothing to wait for"),
    ("match five:\n    case _:\n        return True", "patterns look up attributes and classes; `if` says the same"),
    ("try:\n    return True\nexcept* ValueError:\n    return False", "a bug of CPython confuses types there"),
    (
        "try:\n    return True\nfinally:\n    return False",
        "it could swallow the exception by which a filter that takes too long is ended",
    ),
    ("try:\n    return True\nexcept BaseException:\n    return False", "as above"),
    (
        'options = {"ddof": 1}\nreturn np.std(five.close, **options)',
        "keywords must be seen: some of NumPy's hand out memory that was never written",
    ),
    ("return np.add(1.0, 2.0, where=False)", "what is left out is memory that was never written"),
    ("return np.empty(5).sum() > 0", "as above"),
    ('return five.close.astype("O")', "an array of objects holds anything, and calls it"),
    ("return np.random.rand() > 0.5", "the same bars must give the same answer"),
    ("return klines[ticker.symbol].close[-1] > 1", "the engine must know before what to fetch"),
    ("return ta.rsi(five.close, 0)[-1] < 30", "an impossible parameter is told now instead of at each close"),
    ("return abs(1j) > 0", "no market has complex numbers, nor raw bytes"),
    (
        "if True:\n    pass\n\ndef check(ticker, klines, ta):\n    return True",
        "module level is run anew for each question, so it holds what is constant",
    ),
    ("def check(ticker, klines):\n    return True", "it is called with three arguments by place"),
)

#: Families of names that are not there and have no single replacement.
WORDS_LEFT_OUT: Final = {
    "np.load np.save np.loadtxt np.memmap …": "they read and write files",
    "np.empty np.empty_like np.ndarray": "they hand out memory that was never written",
    "np.frombuffer .view .data .ctypes .base": "they show memory as another type, or whose it is",
    "np.random": "the same bars must give the same answer",
    "np.errstate np.seterr": "settings that would outlive a call; division by nothing gives inf or NaN, in silence",
    "np.vectorize np.frompyfunc": "they make arrays of objects, which hold anything",
    "bytes bytearray memoryview complex": "views of memory, and types that no market has",
    "super object property staticmethod classmethod": "there are no classes",
    "hash id": "they differ from process to process",
}
