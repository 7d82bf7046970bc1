"""Calls of indicators that a filter always makes with the same parameters, found before it is compiled. Pure.

`ta.rsi(close, 14)` is computed once for all symbols; what is left of a call is to look the answer up. Where the parameters
stand in the source, that look-up needs the identity of the series alone. So such a call becomes a call of a global function of
its own, made by the memory for this indicator and these parameters, under a name that no source can spell.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from indicators import IndicatorError, catalog
from workers.walking import walk

Number = int | float
#: Stands where the filter gives a series.
SERIES: Final = None


class Site(NamedTuple):
    """`given` are the arguments by place, `SERIES` where the filter fills one in; `named` are those by keyword."""

    indicator: str
    given: tuple[Number | None, ...]
    named: tuple[tuple[str, Number], ...]

    @property
    def name(self) -> str:
        """The global name of its function; equal sites, equal names."""
        return f"ta.{self.indicator}{self.given!r}{self.named!r}"


def mark(tree: ast.Module, check: ast.FunctionDef) -> tuple[Site, ...]:
    """Let each such call in `check` be a call of its site's function; returns the sites."""
    ta = check.args.args[2].arg
    bound = Counter(_bound(check))
    if bound[ta] > 1:
        # A name of the filter's own, somewhere inside.
        return ()
    marker = _Marker(ta, _constants(tree))
    check.body = [marker.visit(node) for node in check.body]
    return tuple({site.name: site for site in marker.sites}.values())


class _Marker(ast.NodeTransformer):
    def __init__(self, ta: str, constants: Mapping[str, Number]) -> None:
        self.sites: list[Site] = []
        self._ta = ta
        self._constants = constants

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        site = self._site(node)
        if site is None:
            return node
        self.sites.append(site)
        function = ast.copy_location(ast.Name(site.name, ast.Load()), node.func)
        series = [argument for argument, given in zip(node.args, site.given, strict=True) if given is SERIES]
        call = ast.copy_location(ast.Call(function, series, []), node)
        # Errors in a call of an attribute are told of the line in which its name stands.
        call.lineno = function.lineno = node.func.end_lineno or node.lineno
        call.col_offset = function.col_offset = node.func.end_col_offset or node.col_offset
        return call

    def _site(self, node: ast.Call) -> Site | None:
        match node.func:
            case ast.Attribute(value=ast.Name(id=self._ta), attr=indicator) if indicator in catalog.BY_NAME:
                inputs = catalog.BY_NAME[indicator].inputs
            case _:
                return None
        if len(node.args) < len(inputs) or any(isinstance(argument, ast.Starred) for argument in node.args):
            return None
        given = tuple(self._number(argument) for argument in node.args)
        named = tuple((keyword.arg or "", self._number(keyword.value)) for keyword in node.keywords)
        if SERIES in given[len(inputs) :] or SERIES not in given[: len(inputs)]:
            return None
        known = tuple((name, value) for name, value in named if value is not None and name not in ("", *inputs))
        if len(dict(named)) < len(named):
            # Given twice: for the compiler to refuse.
            return None
        return Site(indicator, given, known) if len(known) == len(named) and _is_possible(indicator, given, known) else None

    def _number(self, node: ast.expr) -> Number | None:
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)) if not isinstance(value, bool):
                return -value
            case ast.Name(id=name):
                return self._constants.get(name)
            case _:
                return None


def _is_possible(indicator: str, given: tuple[Number | None, ...], named: tuple[tuple[str, Number], ...]) -> bool:
    """Whether the call itself has to tell what is wrong with it."""
    try:
        catalog.BY_NAME[indicator].bind(given, dict(named))
    except (IndicatorError, TypeError):
        return False
    return True


def _constants(tree: ast.Module) -> dict[str, Number]:
    """Numbers that stand at module level under a name that nothing else in the source has."""
    bound = Counter(_bound(tree))
    found: dict[str, Number] = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int() | float() as value)):
                if not isinstance(value, bool) and bound[name] == 1:
                    found[name] = value
    return found


def _bound(tree: ast.AST) -> Iterator[str]:
    """Every name that is given a meaning in it, once for each time."""
    for node in walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name) | ast.FunctionDef(name=name):
                yield name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case ast.MatchMapping(rest=str(name)) | ast.alias(asname=str(name)) | ast.alias(name=name):
                yield name
