"""Calls whose parameters stand in the source are looked up by their series, and answer as any other call does."""

import ast
import json

import pytest

from engine.base.errors import FilterRefused
from tests.unit.workers.stall import bars, stall
from workers import policy
from workers.sites import mark

AS_OF_MS = 61 * 300_000


def marked(body, head="", ta="ta"):
    """What stands in `check` after its calls were marked, and the names of the sites."""
    tree = ast.parse(f"{head}\ndef check(ticker, klines, {ta}):\n    {body}")
    check = tree.body[-1]
    sites = mark(tree, check)
    return ast.unparse(check).partition("\n")[2].strip(), [site.name for site in sites]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("x = ta.rsi(close, 14)", "ta.rsi(None, 14)()"),
        ("x = ta.rsi(close, period=14)", "ta.rsi(None,)(('period', 14),)"),
        ("x = ta.rsi(close)", "ta.rsi(None,)()"),
        ("x = ta.bbands(close, 20, -2.0)", "ta.bbands(None, 20, -2.0)()"),
        ("x = ta.crossed_above(close, 30)", "ta.crossed_above(None, 30)()"),
    ],
)
def test_a_call_with_its_parameters_in_the_source_is_a_site(body, name):
    assert marked(body) == (f"x = {name}(close)", [name])


def test_sites_are_found_within_each_other_and_in_every_corner_of_check():
    text, names = marked("return [ta.ema(ta.rsi(c, 14), 9)[-1] for c in (lambda: (a, b))()] if ta.atr(h, l, c, 5)[-1] else 0")
    assert names == ["ta.atr(None, None, None, 5)()", "ta.rsi(None, 14)()", "ta.ema(None, 9)()"]
    assert "ta.atr(None, None, None, 5)()(h, l, c)" in text


def test_numbers_that_are_equal_and_not_the_same_are_two_sites():
    _, names = marked("x = ta.bbands(c, 5, 0.0), ta.bbands(c, 5, -0.0), ta.bbands(c, 5, 0.0)")
    assert names == ["ta.bbands(None, 5, 0.0)()", "ta.bbands(None, 5, -0.0)()"]


def test_a_number_named_once_at_module_level_counts_as_written():
    assert marked("x = ta.rsi(close, LONG)", "LONG = 21")[1] == ["ta.rsi(None, 21)()"]


@pytest.mark.parametrize(
    ("body", "head"),
    [
        ("x = ta.rsi(close, n)", ""),
        ("x = ta.rsi(close, *n)", ""),
        ("x = ta.rsi(close, **n)", ""),
        ("x = ta.rsi(real=close)", ""),
        ("x = ta.rsi(close, True)", ""),
        ("x = ta.rsi(close, 1000000)", ""),
        ("x = ta.rsi(close, 14.0)", ""),
        ("x = ta.rsi(close, period=14, period=15)", ""),
        ("x = ta.rsi(14)", ""),
        ("x = ta.nothing(close, 14)", ""),
        ("x = at.rsi(close, 14)", ""),
        ("x = (lambda ta: ta.rsi(close, 14))(klines)", ""),
        ("x = [ta.rsi(close, 14) for ta in close]", ""),
        ("ta = klines; x = ta.rsi(close, 14)", ""),
        ("x = ta.rsi(close, LONG)", "LONG = 21\nLONG = 22"),
        ("x = [ta.rsi(close, LONG) for LONG in (1, 2)]", "LONG = 21"),
        ("x = (lambda LONG: ta.rsi(close, LONG))(5)", "LONG = 21"),
    ],
)
def test_anything_that_may_mean_something_else_is_left_alone(body, head):
    text, names = marked(body, head)
    assert names == []
    assert "None" not in text


SAME = """
LONG = 9
def check(ticker, klines, ta):
    five, hour = klines["5m"], klines["15m"]
    found = {}
    for name, b in (("5m", five), ("15m", hour)):
        macd, signal, hist = ta.macd(b.close, {5}, 12, signalperiod={4})
        found[name] = [
            ta.rsi(b.close, {14}), ta.ema(ta.rsi(b.close, {14}), {LONG}), ta.atr(b.high, b.low, b.close, {7}), macd, hist,
            ta.ema(b.close[-30:], {5}), ta.rsi(b.close + 1, {14}), ta.ema(signal, {3}), ta.crossed_above(macd, {0.5}),
            ta.crossed_above(b.close, {slow}),
            ta.correl(five.close, hour.close[:len(five)] if len(hour) > 99 else five.open, {9}),
        ]
    return {name: [float(x[-1]) for x in values if x[-1] == x[-1]] for name, values in found.items()}
"""


def dynamic(text):
    """The same calls with parameters that are only known when they run."""
    for number in ("5", "4", "14", "LONG", "7", "3", "0.5", "9"):
        text = text.replace("{" + number + "}", f"[{number}][0]")
    return text.replace("{slow}", "b.low")


def written(text):
    for number in ("5", "4", "14", "LONG", "7", "3", "0.5", "9"):
        text = text.replace("{" + number + "}", number)
    return text.replace("{slow}", "b.low")


def test_sites_answer_what_other_calls_answer_for_every_symbol_and_instant():
    # Given the same filter twice, once with its numbers in the calls, once with numbers that come from lists
    assert len(policy.check(written(SAME)).sites) >= 8
    assert [site.indicator for site in policy.check(dynamic(SAME)).sites] == ["crossed_above"]
    with stall(50, ("AUSDT", "BUSDT", "CUSDT")) as one:
        for symbol in one.symbols:
            closes = [100.0 + symbol + (3 * place * (symbol + 1)) % 17 for place in range(60 - symbol)]
            one.put(symbol, "5m", bars("5m", closes, 1 + symbol))
            one.put(symbol, "15m", bars("15m", closes[:20], 1))
        one.load(1, written(SAME))
        one.load(2, dynamic(SAME))
        one.load(3, written(SAME))
        # When they are asked about instants one after another, and about earlier ones
        for instant in (AS_OF_MS, AS_OF_MS - 300_000, AS_OF_MS, AS_OF_MS - 3_000_000):
            one_by_site, by_call, another = one.ask(instant, (1, 2, 3))
            # Then all say the same
            assert one_by_site.faults == by_call.faults == ()
            assert one_by_site.matches == by_call.matches == another.matches
            assert len(json.loads(one_by_site.matches[0].details)["5m"]) > 5


def test_functions_of_sites_go_with_the_last_filter_that_has_them():
    with stall(50, ("AUSDT",)) as one:
        one.put(0, "5m", bars("5m", [100.0] * 60))
        code = "def check(ticker, klines, ta):\n    return ta.sma(klines['5m'].close, {})[-1] > 0"
        for number in range(1, 20):
            one.load(1, code.format(number + 1))
            assert one.ask(AS_OF_MS)[0].matches
        assert len(one.memory.prepared) == 1


def test_a_parameter_given_twice_is_refused_as_anywhere_else():
    with pytest.raises(FilterRefused, match="keyword argument repeated: period"):
        policy.check("def check(ticker, klines, ta):\n    return ta.rsi(klines['5m'].close, period=14, period=15)[-1] > 5")


def test_an_annotation_is_dropped_however_deep_it_is():
    annotation = "+".join(["1"] * 1_500)
    code = f"def check(ticker, klines, ta):\n    x: {annotation} = ta.rsi(klines['5m'].close, 14)\n    return x[-1] > 5"
    assert [site.indicator for site in policy.check(code).sites] == ["rsi"]


@pytest.mark.parametrize("period", ["14", "[14][0]"])
def test_an_error_is_told_of_the_line_in_which_the_indicator_stands(period):
    with stall(50, ("AUSDT",)) as one:
        one.put(0, "5m", bars("5m", [100.0] * 60))
        one.load(
            1,
            "def check(ticker, klines, ta):\n    c = klines['5m'].close\n    return (\n        ta\n        .correl(\n"
            f"            c,\n            c[:5], {period})[-1] > 0\n    )",
        )
        (fault,) = one.ask(AS_OF_MS)[0].faults
        assert (fault.line, fault.message[:22]) == (5, "IndicatorError: correl")
