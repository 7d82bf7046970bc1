"""A walk from everything a filter gets, over all attributes it may name: no module, frame, code or type's type in reach.

It fails when an upgrade of NumPy or Python opens a path, or when a word too many enters the vocabulary.
"""

import math
import types

import numpy as np
import pytest

from engine.wire.messages import LoadFilter
from indicators import catalog
from tests.unit.workers.stall import bars, stall
from workers import namespaces, policy, vocabulary
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
#: Every attribute that the policy lets pass anywhere.
NAMES = sorted(
    vocabulary.METHODS
    | vocabulary.BAR_ATTRIBUTES
    | vocabulary.TICKER_ATTRIBUTES
    | vocabulary.NUMPY
    | vocabulary.MATH
    | frozenset(catalog.BY_NAME)
)
#: Calls whose functions are made for their place in the source.
SITES = "def check(t, k, ta):\n    c = k['5m'].close\n    return ta.macd(c, 5, 9, 3)[0][-1] > ta.ema(ta.rsi(c, 14), 5)[-1]"


def called(found):
    """What stands in it, and what some harmless methods give when they are called without arguments."""
    if isinstance(found, (tuple, list, set, frozenset, dict, types.MappingProxyType)):
        yield from list(found)[:20]
    if isinstance(found, (dict, types.MappingProxyType)):
        yield from list(found.values())[:20]
    if isinstance(found, types.FunctionType) and found.__name__ in ("rsi", "one", "several"):
        yield from attempts(found)
        return
    for name in ("copy", "tolist", "keys", "values", "items", "mean", "split", "upper", "item", "flatten", "nonzero", "union"):
        method = getattr(found, name, None)
        if isinstance(method, (types.BuiltinMethodType, types.MethodType)):
            try:
                yield method()
            except Exception:
                continue


def attempts(function):
    """What functions of indicators give, and the errors they raise."""
    series = np.linspace(1.0, 2.0, 40)
    for arguments in (
        (series,),
        (series, 14),
        (),
        ("x",),
        (series, "x"),
        (series, 10**9),
        (None,),
        (series, series),
        (np.array([function]),),
    ):
        try:
            yield function(*arguments)
        except Exception as error:
            yield error


@pytest.fixture(scope="module")
def roots():
    with stall(50, ("AUSDT", "BUSDT")) as one:
        for symbol in one.symbols:
            one.put(symbol, "5m", bars("5m", [100.0 + n for n in range(60)]))
        frame = one.market.step(61 * 300_000, False, one.symbols, {"5m": frozenset(BAR_FIELDS[1:])})
        questions, _ = frame.questions(one.symbols, ("5m",))
        _, ticker, klines = questions[0]
        ta = one.memory.ta
        results = [ta.rsi(klines["5m"].close, 14), *ta.macd(klines["5m"].close), klines["5m"].closed, klines.copy()]
        one.runner.load(LoadFilter(1, "sites", SITES))
        results += [one.memory.prepared.function(site) for site in policy.check(SITES).sites]
        results += [getattr(ta, name) for name in catalog.BY_NAME]
        values = [1, 1.5, "text", (1,), [1], {"a": 1}, {1}, frozenset({1}), range(3), slice(1), None, True, ..., np.float64(1)]
        values += [ValueError("x"), iter([1]), zip([1], [2], strict=True), map(str, [1]), enumerate([1]), (x for x in [1])]
        values += errors()
        names = {name: value for name, value in namespaces.fresh().items() if not name.startswith("_")}
        words = {name: value for name, value in namespaces.BUILTINS.items() if not name.startswith("_")}
        yield [ticker, klines, klines["5m"], ta, *results, *values, *names.values(), *words.values()]


def errors():
    """What a filter may catch, with what NumPy puts into it."""
    found = []
    for attempt in (
        lambda: np.add("a", 1),
        lambda: np.zeros(10**15),
        lambda: np.zeros(3)[5],
        lambda: np.sum(np.zeros(3), axis=5),
        lambda: np.polyfit([1], [1], "x"),
        lambda: math.sqrt(-1),
        lambda: "x" + 1,
        lambda: {}["x"],
        lambda: next(iter([])),
        lambda: int("x"),
        lambda: np.searchsorted([1, 2], [max]),
    ):
        try:
            attempt()
        except Exception as error:
            found.append(error)
    assert len(found) == 11
    return found


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
        # What it could raise or catch: a passed deadline is none of it
        assert not (isinstance(found, type) and issubclass(found, BaseException) and not issubclass(found, Exception)), path
        if depth == DEPTH:
            continue
        for name in NAMES:
            try:
                reached = getattr(found, name)
            except Exception:
                continue
            waiting.append((reached, depth + 1, f"{path}.{name}"))
        waiting.extend((reached, depth + 1, f"{path}()") for reached in called(found))
    assert len(seen) > 3_000


def test_no_array_that_is_shared_can_be_written(roots):
    # Given all arrays that a filter is handed
    arrays = [root for root in roots if isinstance(root, np.ndarray)]
    arrays += [getattr(root, name) for root in roots if type(root).__name__ == "Bars" for name in BAR_FIELDS]
    assert len(arrays) >= 20
    # When it takes any view of them by a name it may use, then none can be written
    for array in arrays:
        views = [array, *[made for name in ("T", "real", "imag") for made in [getattr(array, name)]]]
        views += [
            array.reshape(-1, 1),
            array.squeeze(),
            array.swapaxes(0, 0),
            array.transpose(),
            array[:],
            array[::-1],
            array[...],
        ]
        for view in views:
            with pytest.raises(ValueError, match="read-only"):
                view[:] = 0


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
