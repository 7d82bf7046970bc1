"""What a filter may say: an allow-list over its syntax tree, and the verdict on one. Pure.

The tree is what counts, never the text: the parser has turned compatibility characters (NFKC) into plain ones by then. What
is not listed is refused, with line, column, the construct and what to write instead. Nothing is guarded at run time, so an
accepted filter runs at the speed of plain Python. Against another process, files and the network stands the lockdown of
the worker; this list protects filters in one worker from each other and tells mistakes early.
"""

import ast
import warnings
from dataclasses import dataclass
from typing import Final

from engine.base.errors import FilterRefused
from workers import grammar, reading
from workers.place import Place
from workers.softening import soften

SOURCE_BYTES_MAX: Final = 50 * 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an accepted filter says of itself. `tree` is ready to be compiled."""

    #: Every interval read as `klines["…"]`, shortest first.
    intervals: tuple[str, ...]
    #: "5m", "10s", or empty when the code does not state it.
    refresh: str
    #: ("top:100",) or names, or empty.
    symbols: tuple[str, ...]
    docstring: str
    #: Bars of the longest look-back among the calls of indicators; 0 when none is known.
    lookback: int
    #: Names of the indicators it calls, sorted.
    indicators: tuple[str, ...]
    #: Fields of bars it names anywhere, in the order of a bar.
    fields: tuple[str, ...]
    reads_ticker: bool
    #: Whether its module level holds something a call could change (a list, a dict), so that it must be made anew each time.
    keeps_state: bool
    tree: ast.Module


def check(source: str) -> Verdict:
    """Judge the source of a filter; raises FilterRefused, naming the first offence in reading order, innermost first."""
    tree = _parse(source)
    place = Place(source)
    check_function = reading.check_function(tree, place)
    grammar.inspect(tree, place, check_function)
    _compile(tree, source)
    said = reading.read(tree, place, check_function)
    soften(tree)
    return Verdict(
        intervals=said.intervals,
        refresh=said.refresh,
        symbols=said.symbols,
        docstring=ast.get_docstring(tree) or "",
        lookback=said.lookback,
        indicators=said.indicators,
        fields=said.fields,
        reads_ticker=said.reads_ticker,
        keeps_state=reading.keeps_state(tree),
        tree=tree,
    )


def _parse(source: str) -> ast.Module:
    size = len(source.encode("utf-8", "surrogatepass"))
    if size > SOURCE_BYTES_MAX:
        advice = f"a filter has at most {SOURCE_BYTES_MAX // 1024} KB"
        raise FilterRefused("source is too long", line=1, column=1, construct=f"{size} bytes", advice=advice)
    try:
        with warnings.catch_warnings():
            # Of interest to an author's editor, not to an engine.
            warnings.simplefilter("ignore")
            return ast.parse(source, "<filter>")
    except SyntaxError as error:
        raise _not_python(error, error.text or "") from error
    except (ValueError, RecursionError, MemoryError) as error:
        reason = "null bytes" if isinstance(error, ValueError) else "nested too deeply"
        raise FilterRefused("not valid Python", line=1, column=1, construct=reason, advice="simplify it") from error


def _compile(tree: ast.Module, source: str) -> None:
    """Part of Python's grammar is only looked at here: `break` outside a loop, a parameter named twice."""
    try:
        compile(tree, "<filter>", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise _not_python(error, source.splitlines()[(error.lineno or 1) - 1]) from error


def _not_python(error: SyntaxError, text: str) -> FilterRefused:
    what = f"not valid Python ({error.msg})"
    return FilterRefused(what, line=error.lineno or 1, column=error.offset or 1, construct=text.strip()[:60])
