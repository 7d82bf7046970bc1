"""What a filter may say: an allow-list over its syntax tree, and the verdict on one. Pure.

The tree is what counts, never the text: the parser has turned compatibility characters (NFKC) into plain ones by then. What
is not listed is refused, with line, column, the construct and what to write instead. Nothing is guarded at run time, so an
accepted filter runs at the speed of plain Python. Against another process, files and the network stands the lockdown of
the worker; this list protects filters in one worker from each other and tells mistakes early.
"""

import ast
import contextlib

# The parser imports it at the first letter beyond ASCII and at each "\N{…}"; behind the lockdown nothing can be imported.
import unicodedata  # noqa: F401
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Final

from engine.base.errors import FilterRefused
from workers import grammar, reading
from workers.place import Place
from workers.sites import Site, mark
from workers.softening import soften
from workers.walking import walk

#: By this name a filter stands in tracebacks.
FILENAME: Final = "<filter>"
SOURCE_BYTES_MAX: Final = 50 * 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an accepted filter says of itself, and its code, ready to run in a namespace of its own."""

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
    #: Calls of indicators that are looked up by their series alone; the code needs a function for each, by its name.
    sites: tuple[Site, ...]
    code: CodeType


def check(source: str) -> Verdict:
    """Judge the source of a filter; raises FilterRefused, naming the first offence in reading order, innermost first."""
    size = len(source.encode("utf-8", "surrogatepass"))
    if size > SOURCE_BYTES_MAX:
        advice = f"a filter has at most {SOURCE_BYTES_MAX // 1024} KB"
        raise FilterRefused("source is too long", line=1, column=1, construct=f"{size} bytes", advice=advice)
    with _python_judges(source):
        return _judged(source)


def _judged(source: str) -> Verdict:
    tree = ast.parse(source, FILENAME)
    place = Place(source)
    check_function = reading.check_function(tree, place)
    nodes = walk(tree)
    grammar.inspect(tree, place, check_function, nodes)
    said = reading.read(tree, place, check_function, nodes)
    keeps_state = reading.keeps_state(tree)
    # First, as nobody has looked at annotations: they may be nested deeper than a walk can go.
    soften(tree)
    sites = mark(tree, check_function)
    code: CodeType = compile(tree, FILENAME, "exec", dont_inherit=True, optimize=0)
    return Verdict(
        intervals=said.intervals,
        refresh=said.refresh,
        symbols=said.symbols,
        docstring=ast.get_docstring(tree) or "",
        lookback=said.lookback,
        indicators=said.indicators,
        fields=said.fields,
        reads_ticker=said.reads_ticker,
        keeps_state=keeps_state,
        sites=sites,
        code=code,
    )


@contextlib.contextmanager
def _python_judges(source: str) -> Iterator[None]:
    """What Python itself does not accept is refused, with its words; `break` outside a loop is found in compiling only."""
    try:
        with warnings.catch_warnings():
            # Of interest to an author's editor, not to an engine.
            warnings.simplefilter("ignore")
            yield
    except SyntaxError as error:
        line, column = error.lineno or 1, error.offset or 1
        construct = "".join(source.splitlines()[line - 1 : line]).strip()[:60]
        raise FilterRefused(f"not valid Python ({error.msg})", line=line, column=column, construct=construct) from error
    except UnicodeError as error:
        raise FilterRefused("not valid text", line=1, column=1, construct=str(error), advice="write it in UTF-8") from error
    except (ValueError, RecursionError, MemoryError) as error:
        construct = "nested too deeply" if not isinstance(error, ValueError) else str(error)[:60]
        raise FilterRefused("not valid Python", line=1, column=1, construct=construct, advice="simplify it") from error
