"""What a filter may say: ordinary filters pass and answer as in plain Python; attacks are refused before they run."""

import json
import random

import numpy as np
import pytest

from engine.base.errors import FilterRefused
from engine.base.types import Kline
from tests.corpus import ordinary
from tests.naive import evaluation
from tests.unit.workers.stall import stall
from workers import policy

NAMES = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "ADAUSDT")
HISTORY = 100
AS_OF_MS = 200 * 3_600_000


def approx(value):
    """The indicators agree with TA-Lib to nine digits."""
    return pytest.approx(value, rel=1e-9)


def walk(chance, interval_ms, number):
    """A random walk of valid bars that ends at AS_OF_MS."""
    price, made = 100.0, []
    for place in range(number, 0, -1):
        opened, price = price, price * (1 + chance.uniform(-0.02, 0.02))
        high, low = max(opened, price) * (1 + chance.uniform(0, 0.01)), min(opened, price) * (1 - chance.uniform(0, 0.01))
        volume = chance.uniform(1, 100)
        made.append(
            Kline(
                AS_OF_MS - place * interval_ms,
                opened,
                high,
                low,
                price,
                volume,
                volume * price,
                9.0,
                volume / 3,
                volume * price / 3,
            )
        )
    return made


@pytest.fixture(scope="module")
def market():
    """A stall, and the same bars for the plain evaluation."""
    chance = random.Random(5)
    with stall(HISTORY, NAMES, 300) as one:
        candles = {}
        for symbol, name in zip(one.symbols, NAMES, strict=True):
            candles[name] = {"5m": walk(chance, 300_000, 150), "1h": walk(chance, 3_600_000, 120)}
            for interval, rows in candles[name].items():
                one.put(symbol, interval, rows)
        yield one, candles


@pytest.mark.parametrize("source", ordinary.ORDINARY, ids=range(len(ordinary.ORDINARY)))
def test_an_ordinary_filter_answers_as_in_plain_python(market, source):
    one, candles = market
    # When a worker runs it
    one.load(1, source)
    (result,) = one.ask(AS_OF_MS)
    assert result.faults == ()
    found = {NAMES[match.symbol]: json.loads(match.details) if match.details else True for match in result.matches}
    # Then it says what plain Python with TA-Lib says
    read = sorted(evaluation.intervals_read(source), key=evaluation.LENGTHS_MS.__getitem__)
    expected = {}
    with np.errstate(all="ignore"):
        for name in NAMES:
            klines = {
                key: evaluation.window(evaluation.columns(candles[name][key]), evaluation.LENGTHS_MS[key], AS_OF_MS, HISTORY)
                for key in read
            }
            answer = evaluation.check_of(source)(evaluation.ticker(name, klines[read[0]], AS_OF_MS), klines, evaluation.TA)
            if isinstance(answer, dict) or answer:
                expected[name] = answer if isinstance(answer, dict) else True
    assert found.keys() == expected.keys()
    for name, answer in found.items():
        if answer is not True:
            assert answer == {key: value if isinstance(value, str) else approx(value) for key, value in expected[name].items()}


def test_there_are_enough_of_each():
    assert len(ordinary.ORDINARY) >= 40


@pytest.mark.parametrize(
    "source",
    [
        "",
        "x = 1",
        "def check(a, b): pass",
        "def check(a, b, c, d): pass",
        "def check(a, b, c=1): pass",
        "def check(*args): pass",
        "def check(a, b, c, /): pass",
        "check = lambda ticker, klines, ta: True",
        "def check(t, k, a): pass\ndef check(t, k, a): pass",
        "def check(t, k, a): pass\nfor i in [1]: pass",
        "def check(t, k, a): pass\nopen('x')",
        "if True:\n    def check(t, k, a): pass",
        "import os\ndef check(t, k, a): pass",
        "refresh = 5\ndef check(t, k, a): pass",
        "refresh = '7m'\ndef check(t, k, a): pass",
        "refresh = '0s'\ndef check(t, k, a): pass",
        "refresh = '1w'\ndef check(t, k, a): pass",
        "refresh = '5m'\nrefresh = '1h'\ndef check(t, k, a): pass",
        "symbols = 'all'\ndef check(t, k, a): pass",
        "symbols = []\ndef check(t, k, a): pass",
        "symbols = ['btcusdt']\ndef check(t, k, a): pass",
        "symbols = ['BTC/USDT']\ndef check(t, k, a): pass",
        "symbols = [x for x in 'ab']\ndef check(t, k, a): pass",
        "def check(t, k, a): return a.rsi(k['5m'].close, 0)",
        "def check(t, k, a): return a.supertrend(k['5m'].close)",
        "def check(t, k, a: ().__class__): return \0",
        "x = 1" + " " * 60_000 + "\ndef check(t, k, a): pass",
        "def check(t, k, a):\n    return " + "+".join(["1"] * 3_000),
        "def check(t, k, a) return",
        "def check(t, k, a): break",
        "def check(t, k, k): pass",
        "def check(t, k, a): *x, *y = t",
        "def check(t, k, a): return '\ud800'",
        "def check(t, k, a): return " + "9" * 5_000,
    ],
)
def test_what_is_no_filter_is_refused(source):
    with pytest.raises(FilterRefused):
        policy.check(source)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "def check(ticker, klines, ta):\n    return open('x').read()",
            "line 2, column 12: name is not known: open: a filter sees",
        ),
        (
            "def check(ticker, klines, ta):\n    ö = 'ä'; return klines['5m'].clos",
            "line 2, column 21: attribute is not allowed: clos: did you mean close?",
        ),
        (
            "def check(ticker, klines, ta):\n    return klines[ticker]",
            'interval is not a constant: klines[ticker]: write the interval as a constant: klines["5m"]',
        ),
        ("import pandas as pd\ndef check(t, k, ta): pass", "line 1, column 1: import is not allowed: pandas: use NumPy arrays"),
        ("def check(t, k, ta):\n  return closs", "name is not known: closs: assign it first"),
        ("def check(t, k, ta):\n  return '{}'.format(1)", "format: write an f-string"),
        (
            "def check(t, k, ta):\n  return ta.rsi(k['5m'].close, perioda=3)",
            "keyword is not allowed: perioda: did you mean period?",
        ),
    ],
)
def test_a_refusal_says_where_what_and_what_instead(source, text):
    with pytest.raises(FilterRefused) as refused:
        policy.check(source)
    assert text in str(refused.value)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def check(t, k, a): return a.ema(a.rsi(k['5m'].close, 14), 9)[-1] > 1", 22),
        ("N = 50\ndef check(t, k, a): return a.sma(k['5m'].close, period=N)[-1] > 1", 49),
        ("def check(t, k, a): return a.macd(k['5m'].close)[0][-1] > 1", 33),
        ("def check(t, k, a):\n  n = len(k['5m']) // 2\n  return a.sma(k['5m'].close, n)[-1] > 1", 0),
        ("def check(t, k, a): return t.last > 1", 0),
        ("def check(t, k, a):\n  rsi = a.rsi(k['5m'].close, 14)\n  return a.ema(rsi, 9)[-1] > 1", 22),
        ("def check(t, k, a):\n  macd, signal, hist = a.macd(k['5m'].close)\n  return a.sma(hist, 10)[-1] > 1", 42),
        ("def check(t, k, a):\n  x = k['5m'].close\n  x = a.ema(x, 9)\n  x = a.ema(x, 9)\n  return x[-1] > 1", 16),
        ("def check(t, k, a):\n  return (s := a.sma(k['5m'].close, 20))[-1] > 1 and a.sma(real=s, period=5)[-1] > 1", 23),
        ("def up(b, i):\n  return i.sma(b.close, 30)[-1] > 1\ndef check(t, k, a): return up(k['5m'], a)", 29),
    ],
)
def test_the_longest_look_back_is_found(source, expected):
    assert policy.check(source).lookback == expected


def test_nested_calls_cost_no_exponential_time():
    call = "k['5m'].close"
    for _ in range(18):
        call = f"a.ema({call}, 3)"
    assert policy.check(f"def check(t, k, a): return {call}[-1] > 1").lookback == 36


def test_long_chains_of_names_are_read_as_fast_as_others():
    lines = "".join(f"  x{n} = a.ema(x{n - 1}, 3)\n" for n in range(1, 1_000))
    source = f"def check(t, k, a):\n  x0 = k['5m'].close\n{lines}  return x999[-1] > 1"
    assert policy.check(source).lookback == 999 * 2
    # What is assigned too often is not followed
    again = "  x = a.ema(x, 3)\n" * 2_000
    assert policy.check(f"def check(t, k, a):\n  x = k['5m'].close\n{again}  return x[-1] > 1").lookback == 2


def test_helpers_that_are_passed_klines_tell_their_intervals():
    helper = "def h(x, y): return x['4h'].close[-1] > y['1d'].close[-1]\n"
    source = helper + "def check(t, k, a):\n  m = k\n  return h(m, y=k) and k['1m'].open[0] > 0"
    assert policy.check(source).intervals == ("1m", "4h", "1d")


def test_fields_and_ticker_are_found():
    verdict = policy.check("def check(t, k, a): return k['5m'].close[-1] > k['5m'].closed.quote_volume[-1]")
    assert (verdict.fields, verdict.reads_ticker, verdict.docstring) == (("close", "quote_volume"), False, "")
    assert policy.check("'''Doc.'''\ndef check(t, k, a): return t.high > 1").docstring == "Doc."


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        ("X = 1\nY = (1, 'a', -X, X * 2, np.pi)\nF = lambda: 0 if False else 1\n", True),
        ("X = 1\nY = (1, 'a', -X, X * 2, np.pi, math.inf)\n", False),
        ("X = [1]\n", True),
        ("X = (1, [2])\n", True),
        ("def f(x, y=(1, 2)): return x\n", False),
        ("def f(x, y=[]): return x\n", True),
        ("X: int = 5\n", False),
        ("X: list = []\n", True),
        ("X: int = 5\nY: tuple = (X, 1)\n", False),
        ("X, Y = 1, 'a'\n", False),
        ("*X, = (1, 2)\n", True),
        ("X, (Y, *Z) = 1, 'abc'\n", True),
    ],
)
def test_module_level_that_could_keep_state_is_found(head, keeps):
    assert policy.check(head + "def check(t, k, a): return None").keeps_state is keeps


@pytest.mark.parametrize(
    "body, line",
    [("    break\n", 2), ("    for x in []:\n        pass\n    continue\n", 4), ("    return (lambda x, x: 1)(1, 2)\n", 2)],
)
def test_what_only_the_compiler_finds_is_refused_too_and_never_reaches_a_worker(body: str, line: int):
    with pytest.raises(FilterRefused, match="not valid Python") as refused:
        policy.check("def check(ticker, klines, ta):\n" + body)
    assert refused.value.line == line


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("(refresh, symbols) = ('5m', ['AUSDT'])", "refresh"),
        ("*symbols, = ('top:10',)", "symbols"),
        ("[check, other] = (1, 2)", "check"),
    ],
)
def test_what_a_filter_says_of_itself_is_given_alone(line, name):
    with pytest.raises(FilterRefused) as caught:
        policy.check(f"def check(ticker, klines, ta):\n    return True\n{line}\n")
    assert f"{name} is given together with others" in str(caught.value)
    assert caught.value.line == 3
