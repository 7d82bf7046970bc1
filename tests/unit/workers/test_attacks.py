"""Attacks on the policy and on neighbours in one worker: refused with their place, or run without reaching anything.

All in this process; what only the end of a worker stops is tried in real ones (`tests/process/test_attacks.py`).
"""

import hashlib
import json
import os
import sys
import threading
import unicodedata
from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.base.errors import FilterRefused
from engine.base.types import INTERVAL_MS
from engine.dispatch.answers import complaint
from engine.wire.messages import FilterResult, Item, Step, Task
from tests import corpus
from tests.unit.workers.stall import Stall, bars, stall
from workers import namespaces, policy

AS_OF_MS = 61 * INTERVAL_MS["5m"]
#: What a neighbour says of everything that an attack could have reached.
NEIGHBOUR = """
TABLE = {"weights": [1, 2, 3], "level": (30, 70)}
def mean(values):
    return sum(values) / len(values)
def check(ticker, klines, ta):
    five = klines["5m"]
    return {
        "sums": [float(x.sum()) for x in (five.open, five.high, five.low, five.close, five.volume, five.trades)],
        "times": [int(five.open_time[0]), int(five.open_time[-1]), ticker.time],
        "ta": [ta.rsi(five.close, 14)[-1], ta.ema(ta.rsi(five.close, 14), 3)[-1], ta.sma(five.close, 5)[-1]],
        "macd": [float(x[-1]) for x in ta.macd(five.close)],
        "crossed": int(ta.crossed_above(five.close, 103).sum()),
        "table": TABLE["weights"], "level": list(TABLE["level"]), "mean": mean(five.close[-5:]),
        "words": [abs(-1), len("ab"), max(1, 2), math.pi, np.pi, float(np.sum(five.close)), str(ValueError("x"))],
        "names": sorted(klines), "shape": list(five.close.shape),
    }
"""


class Town:
    """A stall with an attacker between two neighbours that are the same."""

    def __init__(self, one: Stall) -> None:
        self.one = one
        for symbol in one.symbols:
            closes = [100.0 + symbol + number % 7 for number in range(60)]
            one.put(symbol, "5m", bars("5m", closes))
            one.put(symbol, "1h", bars("1h", closes[:5]))
        one.load(1, NEIGHBOUR)
        one.load(3, NEIGHBOUR)
        self.answer = self.ask(3)
        self.world = world(one)

    def ask(self, filter_id: int) -> FilterResult:
        (result,) = self.one.ask(AS_OF_MS, (filter_id,))
        return result

    def attack(self, source: str, limit_ms: int = 5_000) -> FilterResult:
        """The attacker's result; everything else must be as it was, in this step and in the next."""
        self.one.load(2, source)
        before, result, after = self.one.ask(AS_OF_MS, (1, 2, 3), limit_ms=limit_ms)
        task = Task(1, (Step(AS_OF_MS, False, (Item((2,), self.one.symbols),)),), 1)
        mine = msgspec.structs.replace(result, item=0)
        assert complaint(task, [msgspec.msgpack.decode(msgspec.msgpack.encode(mine), type=FilterResult)]) == ""
        assert before.matches == after.matches == self.answer.matches == self.ask(3).matches
        assert before.faults == after.faults == ()
        assert world(self.one) == self.world
        return result


def world(one: Stall) -> tuple[object, ...]:
    """All that belongs to everybody, as one comparable value."""
    return (
        hashlib.sha256(one.segment.memory).digest(),
        tuple(sorted((name, id(value)) for name, value in namespaces.BUILTINS.items())),
        tuple((name, id(getattr(namespaces.NUMPY, name))) for name in type(namespaces.NUMPY).__slots__),
        tuple((name, id(getattr(namespaces.MATH, name))) for name in type(namespaces.MATH).__slots__),
        tuple((name, id(getattr(one.memory.ta, name))) for name in type(one.memory.ta).__slots__),
        tuple(sorted(np.geterr().items())),
        json.dumps(np.get_printoptions(), default=str, sort_keys=True),
        sys.getrecursionlimit(),
        Path.cwd(),
        threading.active_count(),
        tuple(sorted((name, value) for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST")),
    )


@pytest.fixture(scope="module")
def town():
    with stall(50, ("AUSDT", "BUSDT")) as one:
        made = Town(one)
        assert len(made.answer.matches) == 2
        yield made


def named(attacks):
    return pytest.mark.parametrize("attack", attacks, ids=[f"{attack.kind}-{n}" for n, attack in enumerate(attacks)])


@named(corpus.listed("REFUSED"))
def test_an_attack_is_refused_with_its_place_before_anything_of_it_runs(attack):
    with pytest.raises(FilterRefused) as refused:
        policy.check(attack.source)
    error = refused.value
    assert error.construct.startswith(attack.expected)
    # What it names stands there; the parser has made plain characters of others by then.
    rest = attack.source.split("\n")[error.line - 1][error.column - 1 :]
    assert error.line >= 4
    assert error.column >= 1
    if "not valid Python" not in str(error):
        word = attack.expected.removeprefix("del ").lstrip("*").split(".")[-1]
        assert unicodedata.normalize("NFKC", word) in unicodedata.normalize("NFKC", rest)


@named(corpus.listed("RUNS"))
def test_an_attack_that_may_run_reaches_nothing_but_its_own_answer(town, attack):
    for _ in range(2):
        result = town.attack(attack.source)
        answers = {fault.kind for fault in result.faults} or ({"yes"} if result.matches else {"no"})
        assert answers == {attack.expected}


@named(corpus.listed("ENDLESS"))
def test_an_attack_that_does_not_end_is_stopped_and_leaves_the_others_alone(town, attack):
    result = town.attack(attack.source, limit_ms=30)
    assert [fault.kind for fault in result.faults] == ["deadline"]
    assert (len(result.matches), len(result.unasked)) == (0, 1)


def test_there_are_enough_attacks_of_each_class():
    attacks = [attack for table in ("REFUSED", "RUNS", "ENDLESS", "DEADLY") for attack in corpus.listed(table)]
    kinds = {attack.kind for attack in attacks}
    assert len(attacks) >= 900
    assert len({attack.source for attack in attacks}) == len(attacks)
    assert all(sum(attack.kind == kind for attack in attacks) >= 10 for kind in kinds)
    assert len(kinds) >= 20
