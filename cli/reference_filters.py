"""The parts of `docs/filters.md` that are made from the code: `python -m cli.reference_filters docs/filters.md` writes them anew.

What is in and out is not described but tried: each line of the two tables is judged by the policy when the page is made. The
rest of the page is written by hand, around the marks.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import click

from cli.examples import DEMONSTRATION, examples
from cli.reference_samples import ALLOWED, REFUSED, WORDS_LEFT_OUT
from engine.base.errors import FilterRefused
from engine.base.settings import Settings
from engine.wire.messages import DETAILS_BYTES_MAX
from workers import grammar, policy, vocabulary
from workers.answers import DEPTH_MAX, VALUES_MAX
from workers.lockdown import HEADROOM_BYTES
from workers.reading import SYMBOLS_MAX
from workers.room import RESULT_BYTES_MAX

BEGIN, END = "<!-- made by `make docs`: {name} -->", "<!-- until here -->"
BLOCK: Final = re.compile(r"<!-- made by `make docs`: (\w+) -->\n.*?<!-- until here -->\n", re.DOTALL)
LINE_CHARS: Final = 128


def page(text: str) -> str:
    """The page with all its made parts written anew; raises KeyError for a part nobody makes."""
    return BLOCK.sub(lambda found: f"{BEGIN.format(name=found[1])}\n{PARTS[found[1]]()}{END}\n", text)


def source_of(sample: str) -> str:
    """A whole filter around a sample: as it stands if it has a `check`, else with it as body or at module level."""
    if "def check" in sample:
        return sample + "\n"
    body = "".join(f"    {line}\n" for line in sample.splitlines())
    return f"def check(ticker, klines, ta):\n    five = klines['5m']\n{body}"


def verdict_of(sample: str) -> FilterRefused | None:
    """What the policy says of a sample; None when it is accepted."""
    try:
        policy.check(source_of(sample))
    except FilterRefused as refused:
        return refused
    return None


# --- the parts ---------------------------------------------------------------------------------------------------------------


def _allowed() -> str:
    return _table(("what", "for example"), ((what, _code(sample)) for what, sample in ALLOWED))


def _refused() -> str:
    rows = []
    for sample, why in REFUSED:
        refused = verdict_of(sample)
        said = ": ".join(part for part in (refused.what.partition(": ")[2], refused.advice) if part) if refused else "accepted"
        rows.append((_code(sample), said, why))
    return _table(("out", "what the check says", "why"), rows)


def _words() -> str:
    typed = ", ".join(f"`{name}`" for name in sorted(vocabulary.DTYPES))
    parts = {
        "Functions without a name before them": vocabulary.BUILTINS - vocabulary.EXCEPTIONS,
        "Exceptions to catch or raise": vocabulary.EXCEPTIONS,
        "`np.`": vocabulary.NUMPY,
        "`math.`": vocabulary.MATH,
        "Methods and attributes of arrays, texts, lists, dicts, sets, numbers": vocabulary.METHODS,
        '`klines["5m"].`': vocabulary.BAR_ATTRIBUTES,
        "`ticker.`": vocabulary.TICKER_ATTRIBUTES,
        "Keywords, beside those of indicators and of your own functions": vocabulary.KEYWORDS,
    }
    lists = "".join(
        f"**{title}**: {len(names)}\n\n```text\n{_wrapped(sorted(names, key=str.lower))}```\n\n" for title, names in parts.items()
    )
    return f"{lists}Types that `dtype=` and `astype` take: {typed}, bare, as texts, or behind `np.`.\n"


def _left_out() -> str:
    rows = [(f"`{name}`", vocabulary.ADVICE.get(name, "")) for name in sorted(vocabulary.ADVICE)]
    more = [(f"`{names}`", why) for names, why in WORDS_LEFT_OUT.items()]
    return _table(("word", "instead, or why"), rows + more)


def _examples() -> str:
    rows = []
    for name, code in examples().items():
        verdict = policy.check(code)
        uses = " ".join(verdict.indicators) or "–"
        mark = " ¹" if name in DEMONSTRATION else ""
        rows.append((f"[`{name}`](../cli/examples/{name}.py){mark}", verdict.docstring, " ".join(verdict.intervals), uses))
    return _table(("example", "looks for", "reads", "indicators"), rows)


def _limits() -> str:
    given = Settings()
    kilobytes = 1024
    rows = [
        ("source", f"{policy.SOURCE_BYTES_MAX // kilobytes} KB of UTF-8", "refused"),
        ("nesting", f"{grammar.DEPTH_MAX} levels of expressions and statements", "refused"),
        ("names in `symbols`", f"{SYMBOLS_MAX}", "refused"),
        (
            "CPU time for all symbols at one instant",
            f"`filter_soft_limit_ms`, {given.filter_soft_limit_ms} ms",
            "**fault** with its line, the symbols after that one are not asked, and a **strike**",
        ),
        (
            "wall time",
            f"`task_hard_limit_ms`, {given.task_hard_limit_ms / 1_000:g} s",
            "the kernel ends the worker; the filter is tried alone; when that ends a worker as well: **pause**",
        ),
        (
            "memory",
            f"what a worker starts with, and {HEADROOM_BYTES // kilobytes**3} GB",
            "`MemoryError`: **fault** and **strike**; what crashes the worker counts as above",
        ),
        (
            "one answer",
            f"{DETAILS_BYTES_MAX // kilobytes} KB of JSON, {VALUES_MAX:,} values, {DEPTH_MAX} levels deep, finite numbers",
            "**fault**: neither a match nor none",
        ),
        ("details of all symbols at one instant", f"{RESULT_BYTES_MAX // kilobytes} KB", "**fault** for the symbols after that"),
        (
            "signals in an hour",
            f"`pause_signals_per_hour`, {given.pause_signals_per_hour}; `stop_signals_per_hour`, {given.stop_signals_per_hour:,}",
            "**pause**; beyond the second the circuit breaker: further matches are not stored",
        ),
        (
            "strikes",
            f"`strikes`, {given.strikes}; one is forgotten after `strike_forget_s`, {given.strike_forget_s / 3_600:g} h",
            "**pause**, until the filter is changed or resumed",
        ),
    ]
    return _table(("what", "limit", "beyond it"), rows)


# --- Markdown ----------------------------------------------------------------------------------------------------------------


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _code(sample: str) -> str:
    """Lines of code in one cell."""
    return "<br>".join(f"`{line}`" for line in sample.replace("    ", "  ").splitlines() if line)


def _wrapped(words: Iterable[str]) -> str:
    lines, line = [], ""
    for word in words:
        if line and len(line) + 1 + len(word) > LINE_CHARS:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return "".join(f"{one}\n" for one in [*lines, line])


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "allowed": _allowed,
    "refused": _refused,
    "words": _words,
    "left_out": _left_out,
    "examples": _examples,
    "limits": _limits,
}


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(path: Path) -> None:
    """Write the made parts of PATH anew."""
    path.write_text(page(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
