"""A walk from everything a filter gets, over all attributes it may name: no module, frame, code or type's type in reach.

It fails when an upgrade of NumPy or Python opens a path, or when a word too many enters the vocabulary.
"""

import types

import numpy as np
import pytest

from tests.unit.workers.stall import bars, stall
from workers import namespaces, vocabulary
from workers.vocabulary import BAR_FIELDS

FORBIDDEN = (
    types.ModuleType,
    types.FrameType,
    types.CodeType,
    types.TracebackType,
    memoryview,
    np.memmap,
    np.dtype,
    np.flatiter,
    np.nditer,
)
DEPTH = 4
NAMES = sorted(vocabulary.METHODS | vocabulary.BAR_ATTRIBUTES | vocabulary.TICKER_ATTRIBUTES | vocabulary.NUMPY | vocabulary.MATH)


def called(found):
    """What some harmless methods give when they are called without arguments."""
    for name in ("copy", "tolist", "keys", "values", "items", "mean", "split", "upper", "item", "flatten", "nonzero", "union"):
        method = getattr(found, name, None)
        if isinstance(method, (types.BuiltinMethodType, types.MethodType)):
            try:
                yield method()
            except Exception:
                continue


@pytest.fixture(scope="module")
def roots():
    with stall(50, ("AUSDT", "BUSDT")) as one:
        for symbol in one.symbols:
            one.put(symbol, "5m", bars("5m", [100.0 + n for n in range(60)]))
        frame = one.market.step(61 * 300_000, False, one.symbols, {"5m": frozenset(BAR_FIELDS[1:])})
        questions, _ = frame.questions(one.symbols, ("5m",))
        _, ticker, klines = questions[0]
        ta = one.memory.ta
        results = [ta.rsi(klines["5m"].close, 14), *ta.macd(klines["5m"].close)]
        values = [1, 1.5, "text", (1,), [1], {"a": 1}, {1}, frozenset({1}), range(3), slice(1), None, True, ..., np.float64(1)]
        values += [ValueError("x"), iter([1]), zip([1], [2], strict=True), map(str, [1]), enumerate([1]), (x for x in [1])]
        names = {name: value for name, value in namespaces.fresh().items() if not name.startswith("_")}
        words = {name: value for name, value in namespaces.BUILTINS.items() if not name.startswith("_")}
        yield [ticker, klines, klines["5m"], ta, *results, *values, *names.values(), *words.values()]


def test_nothing_forbidden_is_in_reach(roots):
    seen: dict[int, object] = {}
    waiting = [(root, 0, type(root).__name__) for root in roots]
    while waiting:
        found, depth, path = waiting.pop()
        if id(found) in seen:
            continue
        seen[id(found)] = found
        assert not isinstance(found, FORBIDDEN), f"{path}: {found!r:.80}"
        assert found is not type, path
        assert found is not object, path
        if depth == DEPTH:
            continue
        for name in NAMES:
            try:
                reached = getattr(found, name)
            except Exception:
                continue
            waiting.append((reached, depth + 1, f"{path}.{name}"))
        waiting.extend((reached, depth + 1, f"{path}()") for reached in called(found))
    assert len(seen) > 1_000


def test_only_the_import_that_numpy_makes_is_served():
    serve = namespaces.BUILTINS["__import__"]
    assert serve("numpy", {}, {}, ["mean"], 0) is np
    for arguments in (
        ("os",),
        ("os", {}, {}, ("path",), 0),
        ("numpy",),
        ("numpy", {}, {}, ["x"], 1),
        ("nowhere", {}, {}, ["x"], 0),
    ):
        with pytest.raises(ImportError, match="not allowed in a filter"):
            serve(*arguments)


def test_namespaces_cannot_be_changed():
    for namespace in (namespaces.NUMPY, namespaces.MATH):
        with pytest.raises(AttributeError, match="cannot be changed"):
            namespace.pi = 3
        with pytest.raises(AttributeError, match="cannot be changed"):
            del namespace.pi


def test_about_as_many_words_as_the_prototype_had():
    assert 100 <= len(vocabulary.NUMPY) <= 210
    assert len(vocabulary.MATH) < 65
    assert not any(name.startswith("_") for name in NAMES)
