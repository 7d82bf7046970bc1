"""What a filter says of itself: its `check`, refresh, symbols, the intervals, fields and indicators it reads. Pure.

The supervisor never parses a filter; it learns these things from here, by way of a worker.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from engine.base.types import INTERVAL_MS, IRREGULAR_ADVICE, IRREGULAR_INTERVALS
from indicators import IndicatorError, catalog
from workers import vocabulary
from workers.place import Place
from workers.walking import walk

SECONDS_MAX: Final = 86_400
SYMBOLS_MAX: Final = 1_000

#: Names at module level that mean something to the engine.
SAID: Final = ("refresh", "symbols", "check")
_SECONDS: Final = re.compile(r"([1-9][0-9]{0,4})s")
_TOP: Final = re.compile(r"top:[1-9][0-9]{0,3}")
_SYMBOL: Final = re.compile(r"[^\W_]{1,40}")

#: How far names of series are followed, so that no source takes long to read.
NAMES_DEEP_MAX: Final = 12
NAMED_CALLS_MAX: Final = 8

Number = int | float
_ASSIGNING: Final = (ast.AnnAssign, ast.NamedExpr)


class Said(NamedTuple):
    """See `workers.policy.Verdict`, whose fields these are."""

    intervals: tuple[str, ...]
    refresh: str
    symbols: tuple[str, ...]
    lookback: int
    indicators: tuple[str, ...]
    fields: tuple[str, ...]
    reads_ticker: bool


def check_function(tree: ast.Module, place: Place) -> ast.FunctionDef:
    """The function `check` with its three positional parameters; raises FilterRefused when it is not there as it must be."""
    advice = "write def check(ticker, klines, ta):"
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "check"]
    if not found:
        raise place.refusal(tree, "function check is missing", "check", advice)
    if len(found) > 1:
        raise place.refusal(found[1], "function check is there twice", "def check", "keep one")
    arguments = found[0].args
    if (
        len(arguments.args) != 3
        or arguments.posonlyargs
        or arguments.kwonlyargs
        or arguments.defaults
        or arguments.vararg
        or arguments.kwarg
    ):
        given = f"def check({', '.join(argument.arg for argument in arguments.args)})"
        raise place.refusal(found[0], "function check has other parameters than three positional ones", given, advice)
    return found[0]


def read(tree: ast.Module, place: Place, check: ast.FunctionDef, nodes: Sequence[ast.AST]) -> Said:
    """Collect it all from a tree whose words are allowed; raises FilterRefused where something is said in an unclear way."""
    constants = _module_constants(tree, place)
    ticker, klines, ta = (argument.arg for argument in check.args.args)
    helpers = {node.name: [a.arg for a in node.args.args] for node in nodes if isinstance(node, ast.FunctionDef)}
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    numbers = {
        name: node.value
        for name, node in constants.items()
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
    }
    lookbacks = _Lookbacks(place, _aliases(ta, nodes, calls, helpers), numbers, _assigned_calls(nodes))
    lookback = max((lookbacks.of(call) for call in calls), default=0)
    return Said(
        intervals=_intervals(nodes, place, _aliases(klines, nodes, calls, helpers)),
        refresh=_refresh(constants.get("refresh"), place),
        symbols=_symbols(constants.get("symbols"), place),
        lookback=lookback,
        indicators=tuple(sorted(lookbacks.seen)),
        fields=tuple(name for name in vocabulary.BAR_FIELDS if name in attributes),
        reads_ticker=ticker in names,
    )


def keeps_state(tree: ast.Module) -> bool:
    """Whether module level holds an object that a call could change, a default of a parameter included.

    Without one, nothing outlives a call: names cannot be rebound from inside (`global` is refused) and functions have no
    attributes. Numbers, texts and tuples of them cannot change; anything else is taken to be able to.
    """
    fixed: set[str] = set()
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            if node.value is not None and not _is_fixed(node.value, fixed):
                return True
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(part, ast.Starred) for target in targets for part in walk(target)):
                # A starred name gets a list, whatever it is made from.
                return True
            fixed.update(target.id for target in targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.FunctionDef):
            if not all(_is_fixed(default, fixed) for default in (*node.args.defaults, *node.args.kw_defaults) if default):
                return True
            fixed.add(node.name)
    return False


def _is_fixed(node: ast.expr, fixed: set[str]) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name):
            return name in fixed
        case ast.Tuple(elts=parts):
            return all(_is_fixed(part, fixed) for part in parts)
        case ast.UnaryOp(operand=operand):
            return _is_fixed(operand, fixed)
        case ast.BinOp(left=left, right=right):
            return _is_fixed(left, fixed) and _is_fixed(right, fixed)
        case ast.Attribute(value=ast.Name(id="np" | "math")):
            return True
        case _:
            return False


def _module_constants(tree: ast.Module, place: Place) -> dict[str, ast.expr]:
    """Values of names given at module level; `refresh`, `symbols` and `check` may be given once only."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
        for target in targets:
            if not isinstance(target, ast.Name) or value is None:
                _refuse_within(target, place)
                continue
            if target.id in SAID and (target.id in found or target.id == "check"):
                raise place.refusal(node, f"{target.id} is given twice", advice="keep one")
            found[target.id] = value
    return found


def _refuse_within(target: ast.expr, place: Place) -> None:
    """Names that say something of a filter are given alone: who reads a source does not take values apart."""
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in SAID and node is not target:
            raise place.refusal(
                node, f"{node.id} is given together with others", advice=f"write {node.id} = … on a line of its own"
            )


def _refresh(node: ast.expr | None, place: Place) -> str:
    if node is None:
        return ""
    text = node.value if isinstance(node, ast.Constant) else None
    if isinstance(text, str):
        seconds = _SECONDS.fullmatch(text)
        if text in INTERVAL_MS or (seconds is not None and int(seconds[1]) <= SECONDS_MAX):
            return text
    advice = f'write an interval ({" ".join(INTERVAL_MS)}) or seconds, as "10s", up to {SECONDS_MAX}'
    raise place.refusal(node, "refresh is refused", advice=advice)


def _symbols(node: ast.expr | None, place: Place) -> tuple[str, ...]:
    if node is None:
        return ()
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _TOP.fullmatch(node.value):
        return (node.value,)
    if isinstance(node, (ast.List, ast.Tuple)) and 0 < len(node.elts) <= SYMBOLS_MAX:
        names = [part.value for part in node.elts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        if len(names) == len(node.elts) and all(_SYMBOL.fullmatch(name) and name == name.upper() for name in names):
            return tuple(dict.fromkeys(names))
    raise place.refusal(node, "symbols is refused", advice='write "top:100" or a list of names, as ["BTCUSDT", "ETHUSDT"]')


def _aliases(name: str, nodes: Sequence[ast.AST], calls: Iterable[ast.Call], helpers: Mapping[str, list[str]]) -> set[str]:
    """All names that `name` goes by: assigned to another name, or passed to a helper of the filter."""
    becomes: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            targets = [target.id for target in node.targets if isinstance(target, ast.Name)]
            becomes.setdefault(node.value.id, set()).update(targets)
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id in helpers:
            for given, parameter in _passed(call, helpers[call.func.id]):
                becomes.setdefault(given, set()).add(parameter)
    known = {name}
    waiting = [name]
    while waiting:
        fresh = becomes.get(waiting.pop(), set()) - known
        known |= fresh
        waiting.extend(fresh)
    return known


def _passed(call: ast.Call, parameters: list[str]) -> Iterator[tuple[str, str]]:
    for argument, parameter in zip(call.args, parameters, strict=False):
        if isinstance(argument, ast.Name):
            yield argument.id, parameter
    for keyword in call.keywords:
        if isinstance(keyword.value, ast.Name) and keyword.arg:
            yield keyword.value.id, keyword.arg


def _intervals(nodes: Sequence[ast.AST], place: Place, names: set[str]) -> tuple[str, ...]:
    found: set[str] = set()
    for node in nodes:
        if not (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in names):
            continue
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if not isinstance(key, str):
            advice = f'write the interval as a constant: {node.value.id}["5m"]'
            raise place.refusal(node, "interval is not a constant", advice=advice)
        if key in IRREGULAR_INTERVALS:
            reason = f"interval is not supported, {IRREGULAR_INTERVALS[key]}"
            raise place.refusal(node, reason, repr(key), IRREGULAR_ADVICE)
        if key not in INTERVAL_MS:
            raise place.refusal(node, "interval is not known", repr(key), "use one of " + " ".join(INTERVAL_MS))
        found.add(key)
    return tuple(sorted(found, key=INTERVAL_MS.__getitem__))


def _assigned_calls(nodes: Sequence[ast.AST]) -> dict[str, list[ast.Call]]:
    """By name, the calls in whatever is assigned to it anywhere; each result of a tuple counts as all of it."""
    found: dict[str, list[ast.Call]] = {}
    for node in nodes:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, _ASSIGNING) else []
        value = node.value if isinstance(node, (ast.Assign, *_ASSIGNING)) else None
        names = {part.id for target in targets for part in walk(target) if isinstance(part, ast.Name)}
        if names and value is not None:
            within = [part for part in walk(value) if isinstance(part, ast.Call)]
            for name in names:
                found.setdefault(name, []).extend(within)
    return found


class _Lookbacks:
    """Look-back of calls like `ta.ema(ta.rsi(close, 14), 9)`: its own and the longest of what it is computed from.

    What a series was computed from is looked for behind its name as well: `rsi = ta.rsi(close, 14)`.
    """

    def __init__(
        self, place: Place, names: set[str], numbers: Mapping[str, Number], assigned: Mapping[str, list[ast.Call]]
    ) -> None:
        self._assigned = assigned
        self._place = place
        self._names = names
        self._numbers = numbers
        self.seen: set[str] = set()
        self._found: dict[ast.Call, int] = {}

    def of(self, call: ast.Call, depth: int = 0) -> int:
        """Bars, as far as the parameters are numbers written in the source; raises FilterRefused for impossible ones."""
        if not (isinstance(call.func, ast.Attribute) and call.func.attr in catalog.BY_NAME):
            return 0
        if not (isinstance(call.func.value, ast.Name) and call.func.value.id in self._names):
            return 0
        if call not in self._found:
            self.seen.add(call.func.attr)
            behind = max((self.of(node, depth + 1) for node in self._behind(call, depth)), default=0)
            self._found[call] = self._own(call, call.func.attr) + behind
        return self._found[call]

    def _behind(self, call: ast.Call, depth: int) -> Iterator[ast.Call]:
        for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
            for node in walk(argument):
                if isinstance(node, ast.Call):
                    yield node
                elif isinstance(node, ast.Name) and depth < NAMES_DEEP_MAX:
                    behind = self._assigned.get(node.id, ())
                    if len(behind) <= NAMED_CALLS_MAX:
                        # What is assigned further down is not what is meant: x = ta.ema(x, 9).
                        yield from (one for one in behind if (one.lineno, one.col_offset) < (call.lineno, call.col_offset))

    def _own(self, call: ast.Call, name: str) -> int:
        entry = catalog.BY_NAME[name]
        if any(isinstance(argument, ast.Starred) for argument in call.args):
            return 0
        # What stands for a series is not looked at, so anything will do for it.
        args = [None if place < len(entry.inputs) else self._number(node) for place, node in enumerate(call.args)]
        kwargs = {
            keyword.arg: None if keyword.arg in entry.inputs else self._number(keyword.value)
            for keyword in call.keywords
            if keyword.arg
        }
        unknown = any(value is None for value in args[len(entry.inputs) :])
        if unknown or any(value is None for key, value in kwargs.items() if key not in entry.inputs):
            return 0
        try:
            _, parameters = entry.bind(args, kwargs)
        except (IndicatorError, TypeError) as error:
            raise self._place.refusal(call, str(error)) from error
        return entry.lookback(**dict(zip(entry.parameters, parameters, strict=True)))

    def _number(self, node: ast.expr) -> object:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            value = self._number(node.operand)
            return -value if isinstance(value, int | float) and not isinstance(value, bool) else None
        return self._numbers.get(node.id) if isinstance(node, ast.Name) else None
