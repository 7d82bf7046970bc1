"""Filters drawn at random get from a worker what the package computes from the same bars, whatever struck others before."""

import json
import random
import sys

import numpy as np
import pytest

import indicators
from engine.base.errors import FilterRefused
from tests.unit.workers.stall import Stall, bar, bars, stall
from workers import namespaces, policy
from workers.answers import message_of
from workers.deadline import DeadlinePassed
from workers.runner import _line_of
from workers.vocabulary import BAR_FIELDS

NAMES = tuple(f"S{number}USDT" for number in range(4))
FIELDS = frozenset(BAR_FIELDS[1:])
HEAD = """
def show(x):
    x = x.copy() * 1.0
    return [f"{x[-1]!r}", f"{x[len(x) // 2]!r}", f"{np.nan_to_num(x).sum()!r}", len(x)]
def helper(t, x):
    return t.sma(x, 3)
def check(ticker, klines, ta):
    five, slow = klines["5m"], klines["15m"]
    out = []
"""


class Author:
    """Writes filters; constants that they name are collected."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.constants: dict[str, str] = {}

    def number(self, low: int, high: int) -> str:
        value = self.chance.randint(low, high)
        forms = [f"{value}"] * 6 + [f"ONCE{value}", f"TWICE{value}", f"[{value}][0]", f"{value}.0", f"-{value}"]
        form = self.chance.choice(forms)
        if form.startswith(("ONCE", "TWICE")):
            self.constants[form] = f"{value}" if form.startswith("ONCE") else f"{value + 1}\n{form} = {value}"
        return form

    def series(self, depth: int) -> str:
        choice, of = self.chance.choice, choice_of_bars(self.chance)
        plain = f"{of}.{choice(['open', 'high', 'low', 'close', 'volume'])}"
        if depth > 2 or self.chance.random() < 0.4:
            return plain
        forms = ["{}[-20:]", "({} + 1)", "helper(ta, {})", "(found := {})", "{}", "{}", "{}"]
        forms += ["[ta.ema(s, 5) for s in ({},)][0]", "(lambda ta: ta.ema({}, 4))(ta)"]
        return choice(forms).format(self.call(depth + 1))

    def call(self, depth: int = 0) -> str:
        one, two, of, number = self.series(depth), self.series(depth), choice_of_bars(self.chance), self.number
        name = self.chance.choice(["rsi", "ema", "sma", "wma", "mom", "highest", "linearreg"])
        factor, place = self.chance.choice(["2", "0.0", "-0.0", "-1.5"]), self.chance.randint(0, 2)
        forms = [
            *[f"ta.{name}({one}, {number(2, 9)})"] * 3,
            f"ta.{name}({one}, period={number(2, 9)})",
            f"ta\n        .{name}(\n        {one})",
            f"ta.macd({one}, {number(2, 5)}, 9, signalperiod={number(1, 5)})[{place}]",
            f"ta.bbands({one}, {number(2, 9)}, {factor})[{place}]",
            f"ta.atr({of}.high, {of}.low, {of}.close, {number(2, 9)})",
            f"ta.crossed_above({one}, {self.chance.choice([two, number(99, 101), '100.5', 'five.close[-1]'])})",
            f"ta.bars_since(ta.crossed_below({number(99, 101)}, {one}))",
            f"ta.correl({one}, {two}, {number(2, 9)})",
            f"ta\n        .correl(\n        {one}, {two}, 5)",
        ]
        return self.chance.choice(forms)

    def filter(self) -> str:
        """One that the policy accepts."""
        while True:
            self.constants = {}
            lines = []
            for _ in range(self.chance.randint(1, 4)):
                line = f"out.append(show({self.call()}))"
                caught = f"    try:\n        {line}\n    except Exception as error:\n        out.append(str(error))"
                lines.append(self.chance.choice([f"    {line}", caught]))
            constants = "".join(f"{name} = {value}\n" for name, value in self.constants.items())
            code = constants + HEAD + "\n".join(lines) + '\n    return {"out": out}\n'
            try:
                policy.check(code)
            except FilterRefused:
                continue
            return code


def choice_of_bars(chance: random.Random) -> str:
    return chance.choice(["five", "five", "slow", "five.closed"])


class Own:
    """The same bars as arrays that nobody knows."""

    def __init__(self, b) -> None:
        for name in BAR_FIELDS:
            setattr(self, name, getattr(b, name).copy())
        self.closed = self if b.closed is b else Own(b.closed)


def wanted(code: str, klines) -> tuple[object, int, str]:
    """Details, or the line and the words of an error, of the code as it was written."""
    namespace = namespaces.fresh()
    with np.errstate(all="ignore"):
        try:
            exec(compile(code, policy.FILENAME, "exec", dont_inherit=True), namespace)
            return namespace["check"](None, klines, indicators), 0, ""
        except Exception as error:
            return None, _line_of(error), message_of(error)[:80]


def let_deadlines_strike(one: Stall, chance: random.Random, monkeypatch) -> None:
    """At any line of what a worker does for a filter, in six of ten filters."""
    deadline, before = one.runner._deadline, sys.gettrace()
    arm, disarm, left = deadline.arm, deadline.disarm, [0]

    def in_line(_frame, event, _argument):
        left[0] -= event == "line"
        if left[0] == 0 and event == "line":
            raise DeadlinePassed
        return in_line

    def in_call(frame, _event, _argument):
        return in_line if frame.f_code.co_filename.endswith(("memory.py", "kept.py", "prepared.py")) else None

    def armed(soft_ms: int) -> None:
        arm(soft_ms)
        if chance.random() < 0.6:
            left[0] = chance.randint(1, chance.choice((60, 400, 2_000)))
            sys.settrace(in_call)

    def disarmed() -> None:
        sys.settrace(before)
        disarm()

    monkeypatch.setattr(deadline, "arm", armed)
    monkeypatch.setattr(deadline, "disarm", disarmed)


@pytest.mark.parametrize("bytes_max", [10**8, 60_000], ids=["room", "no room"])
@pytest.mark.parametrize("struck", [False, True], ids=["in peace", "struck"])
@pytest.mark.parametrize("seed", range(6))
def test_drawn_filters_are_answered_as_by_the_package_itself(seed, struck, bytes_max, monkeypatch):
    chance = random.Random(seed)
    codes = [Author(chance).filter() for _ in range(5)]
    with stall(40, NAMES, 300, bytes_max) as one:
        for symbol in one.symbols:
            count = chance.choice((60, 60, 60 - 7 * symbol, 12))
            one.put(symbol, "5m", bars("5m", [100 + chance.random() for _ in range(count)], 61 - count))
            one.put(symbol, "15m", bars("15m", [100 + chance.random() for _ in range(20)], 1))
            if chance.random() < 0.5:
                one.put_forming(symbol, "5m", bar("5m", 61, 100 + chance.random()))
        for number, code in enumerate(codes):
            one.load(number, code)
        if struck:
            let_deadlines_strike(one, chance, monkeypatch)
        for _ in range(4):
            as_of_ms, forming = (61 - chance.choice((0, 0, 3, 9))) * 300_000, chance.random() < 0.4
            results = one.ask(as_of_ms, [chance.randrange(5) for _ in range(9)], forming=forming)
            frame = one.market.step(as_of_ms, forming, one.symbols, {"5m": FIELDS, "15m": FIELDS})
            for symbol, _, klines in frame.questions(one.symbols, ("5m", "15m"))[0]:
                seen = {interval: Own(klines[interval]) for interval in ("5m", "15m")}
                for result in results:
                    faults = {fault.symbol: fault for fault in result.faults}
                    if symbol in result.unasked or (symbol in faults and faults[symbol].kind == "deadline"):
                        continue
                    details, line, words = wanted(codes[result.filter_id], seen)
                    if symbol in faults:
                        assert (faults[symbol].line, faults[symbol].message[:80]) == (line, words)
                    else:
                        (match,) = [match for match in result.matches if match.symbol == symbol]
                        assert json.loads(match.details) == details
