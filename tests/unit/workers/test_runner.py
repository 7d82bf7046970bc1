"""What becomes of what a filter does: answers, faults, deadlines, and no state."""

import gc
import json

import msgspec
import pytest

from engine.base.errors import FilterRefused
from engine.wire.messages import FilterLoaded, Match
from tests.unit.workers.stall import bar, bars, stall

HEAD = "def check(ticker, klines, ta):\n    five = klines['5m']\n    "
AS_OF_MS = 61 * 300_000


@pytest.fixture
def one():
    with stall(50, ("AUSDT", "BUSDT", "CUSDT")) as made:
        for symbol in made.symbols:
            made.put(symbol, "5m", bars("5m", [100.0 + symbol] * 60))
        yield made


def answer_of(one, body):
    """The result of one filter over three symbols."""
    one.load(1, HEAD + body)
    (result,) = one.ask(AS_OF_MS)
    return result


@pytest.mark.parametrize(
    "body", ["return True", "return np.bool_(True)", "return five.close[-1] > 0", "return np.all(five.close > 0)"]
)
def test_yes_is_a_match_without_details(one, body):
    assert answer_of(one, body).matches == tuple(Match(symbol) for symbol in one.symbols)


@pytest.mark.parametrize(
    "body", ["return False", "return None", "return", "pass", "return np.bool_(False)", "return five.close[-1] < 0"]
)
def test_no_is_not_mentioned(one, body):
    result = answer_of(one, body)
    assert (result.matches, result.faults, result.unready, result.unasked) == ((), (), (), ())


def test_details_are_kept_as_json(one):
    result = answer_of(
        one, 'return {"rsi": np.float64(29.5), "n": np.int64(3), "ok": np.bool_(True), "list": (1, None, "ä"), "d": {"x": 1e300}}'
    )
    assert json.loads(result.matches[0].details) == {"rsi": 29.5, "n": 3, "ok": True, "list": [1, None, "ä"], "d": {"x": 1e300}}
    assert answer_of(one, "return {}").matches[0].details == "{}"


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("return 1", "result", "check returned the number 1: return True, False, None or a dict"),
        ("return 'yes'", "result", "check returned a str"),
        ("return five.close > 0", "result", "check returned an array of shape"),
        ("return [True]", "result", "check returned a list"),
        ("return 10 ** 5000", "result", "a large number"),
        ("return {'x': float('nan')}", "details", "details['x'] was nan: JSON has finite numbers only"),
        ("return {'x': np.inf}", "details", "JSON has finite numbers only"),
        ("return {'x': five.close}", "details", "give numbers: float(x[-1])"),
        ("return {1: 2}", "details", "keys are texts"),
        ("return {'x': 2 ** 63}", "details", "beyond 64 bits"),
        ("return {'x': 'y' * 4096}", "details", "at most 4096"),
        ("return {'x': list(range(2000))}", "details", "too large"),
        ("return {'x': '\\ud800'}", "details", "surrogate"),
        ("return {'x': 'a\\0b'}", "details", "null character"),
        ("return {'x': check}", "details", "was a function"),
        ("x = {}\n    x['x'] = x\n    return x", "details", "too large"),
        ("return five.close[1000]", "exception", "IndexError: index 1000 is out of bounds"),
        ("return 1 / 0", "exception", "ZeroDivisionError"),
        ("raise ValueError('a\\nb')", "exception", "ValueError: a b"),
        ("def f(): return f()\n    return f()", "exception", "RecursionError"),
        ("raise KeyError(10 ** 5000)", "exception", "KeyError: (no text)"),
        ("raise ValueError('a\\ud800b')", "exception", "ValueError: a?b"),
        ("return {'\\ud800': {1: 2}}", "details", "keys are texts"),
        ("raise ValueError('x' * 10000)", "exception", "ValueError: xxx"),
        ("return ta.rsi(five.close, len(five) - 100)", "exception", "IndicatorError: rsi: period was"),
        ("return five.closes", "exception", "never asked: refused"),
        ("return [0] * 10 ** 15", "memory", "memory"),
    ],
)
def test_anything_else_is_a_fault_of_the_trader(one, body, kind, text):
    if "never asked" in text:
        with pytest.raises(FilterRefused, match="did you mean close"):
            answer_of(one, body)
        return
    result = answer_of(one, body)
    msgspec.msgpack.encode(result)
    assert result.matches == ()
    assert {fault.kind for fault in result.faults} == {kind}
    assert text in result.faults[0].message
    assert len(result.faults[0].message) <= 500
    if kind == "memory":
        assert result.unasked == one.symbols[1:]
    else:
        assert [fault.symbol for fault in result.faults] == list(one.symbols)
    if kind == "exception":
        assert result.faults[0].line >= 3


def test_a_fault_of_one_symbol_does_not_stop_the_others(one):
    result = answer_of(one, "return 1 / (five.close[-1] - 101) < 0")
    # NumPy's division gives infinity, not an exception.
    assert result.faults == ()
    result = answer_of(one, "return 1 / int(five.close[-1] - 101) < 0")
    assert [fault.symbol for fault in result.faults] == [1]
    assert [match.symbol for match in result.matches] == [0]


@pytest.mark.parametrize(
    "body", ["while True: pass", "try:\n        while True: pass\n    except: return True", "return 10 ** 10 ** 9"]
)
def test_a_deadline_passed_ends_the_item_for_that_filter_only(one, body):
    one.load(1, HEAD + body)
    one.load(2, HEAD + "return True")
    stuck, fine = one.ask(AS_OF_MS, (1, 2), limit_ms=30)
    assert [(fault.symbol, fault.kind) for fault in stuck.faults] == [(0, "deadline")]
    assert stuck.unasked == (1, 2)
    assert [match.symbol for match in fine.matches] == [0, 1, 2]


def test_what_was_answered_before_a_deadline_stands(one):
    one.load(1, HEAD + "if ticker.symbol == 'CUSDT':\n        while True: pass\n    return True")
    (result,) = one.ask(AS_OF_MS, limit_ms=30)
    assert [match.symbol for match in result.matches] == [0, 1]
    assert [(fault.symbol, fault.kind) for fault in result.faults] == [(2, "deadline")]
    assert result.unasked == ()


@pytest.mark.parametrize(
    "code",
    [
        "seen = []\ndef check(ticker, klines, ta):\n    seen.append(klines['5m'].close[-1])\n    return len(seen) > 1",
        "def f(n, seen=[]):\n    seen.append(n)\n    return len(seen) > 1\ndef check(t, k, ta): return f(len(k['5m']))",
        "seen = {'n': 0}\ndef check(ticker, klines, ta):\n    seen['n'] += len(klines['5m']) > 0\n    return seen['n'] > 1",
        "counter = iter(range(10))\ndef check(ticker, klines, ta):\n    return next(counter) + 0 * len(klines['5m']) > 0",
        "table = np.zeros(3)\ndef check(ticker, klines, ta):\n    table[0] += len(klines['5m']) > 0\n    return table[0] > 1",
        "pair = ([], 1)\ndef check(ticker, klines, ta):\n    pair[0].append(len(klines['5m']))\n    return len(pair[0]) > 1",
        "f = lambda x, seen=[]: seen.append(x) or len(seen)\ndef check(ticker, klines, ta):\n    return f(len(klines['5m'])) > 1",
    ],
)
def test_no_state_survives_from_symbol_to_symbol_or_from_step_to_step(one, code):
    one.load(1, code)
    for _ in range(2):
        (result,) = one.ask(AS_OF_MS)
        assert (result.matches, result.faults) == ((), ())


def test_what_a_filter_leaves_in_a_circle_is_freed_before_the_next_is_asked(one):
    # Given one that makes so many objects that a collection would take place while its own are in use
    one.load(
        1, HEAD + "kept = [slice(987654321)]\n    kept.append(kept)\n    return len([[n] for n in range(20_000)]) < len(five)"
    )
    try:
        (result,) = one.ask(AS_OF_MS)
        gc.disable()
        assert (result.matches, result.faults) == ((), ())
        assert not [found for found in gc.get_objects() if type(found) is slice and found.stop == 987654321]
    finally:
        gc.enable()


def test_a_filter_says_what_it_reads(one):
    code = (
        '"""D."""\nrefresh = "90s"\nsymbols = ["BTCUSDT", "ETHUSDT"]\n' + HEAD + "return ta.ema(klines['1h'].close, 200)[-1] > 1"
    )
    assert one.load(1, code) == FilterLoaded(1, "90s", ("BTCUSDT", "ETHUSDT"), ("5m", "1h"), 199)
    assert one.load(1, "refresh='15m'\ndef check(ticker, klines, ta): return ticker.last > 1").intervals == ("15m",)
    assert one.load(1, "def check(ticker, klines, ta): return ticker.last > 1").intervals == ("5m",)
    assert one.load(1, "def check(ticker, klines, ta): return ticker.last > 1", default_interval="1h").intervals == ("1h",)


def test_a_filter_that_reads_only_the_ticker_is_answered(one):
    one.load(1, "def check(ticker, klines, ta): return ticker.last == 101")
    assert [match.symbol for match in one.ask(AS_OF_MS)[0].matches] == [1]


def test_a_filter_nobody_loaded_is_not_asked(one):
    assert one.ask(AS_OF_MS, (77,))[0].unasked == one.symbols


def test_the_forming_bar_is_the_last_in_a_forming_step_only(one):
    one.put_forming(0, "5m", bar("5m", 61, 500.0))
    one.load(1, HEAD + "return {'forming': five.forming, 'n': len(five), 'closed': len(five.closed), 'last': five.close[-1]}")
    closed, forming = one.ask(AS_OF_MS)[0].matches[0], one.ask(AS_OF_MS + 1_000, forming=True)[0].matches[0]
    assert json.loads(closed.details) == {"forming": False, "n": 46, "closed": 46, "last": 100.0}
    assert json.loads(forming.details)["last"] == 500.0
    assert json.loads(forming.details)["n"] == json.loads(forming.details)["closed"] + 1


def test_an_interval_that_is_not_read_as_a_constant_is_an_error_with_advice(one):
    one.load(
        1, "def check(ticker, klines, ta):\n    return [k for k in (klines,)][0]['5m'].close[-1] > 0 or klines['1h'].close[0]"
    )
    one.put(0, "1h", bars("1h", [100.0] * 6))
    (result,) = one.ask(AS_OF_MS, symbols=(0,))
    assert "write the interval as a constant" in result.faults[0].message


def test_many_faults_make_a_small_answer():
    with stall(50, [f"S{number}USDT" for number in range(40)]) as one:
        for symbol in one.symbols:
            one.put(symbol, "5m", bars("5m", [100.0] * 60))
        result = answer_of(one, "raise ValueError('x' * 1000)")
        assert len(result.faults) == 40
        assert sum(len(fault.message) for fault in result.faults) < 40 * 150


def test_warnings_of_numpy_do_not_fill_the_log(one, recwarn):
    result = answer_of(one, "return {'mean': str(np.mean(five.close[:0])), 'fit': len(np.polyfit([1], [1], 5))}")
    assert json.loads(result.matches[0].details) == {"mean": "nan", "fit": 6}
    assert not recwarn.list
