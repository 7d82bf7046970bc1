"""How data look on stdout: JSON for programs, a table for people."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec


def plain(value: object) -> object:
    """Values of the database in the words of our JSON: times as ISO 8601 in UTC with milliseconds."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def json_line(document: object) -> None:
    """One JSON document on one line."""
    click.echo(msgspec.json.encode(plain(document)))


def json_document(document: object) -> None:
    """One JSON document, indented."""
    click.echo(msgspec.json.format(msgspec.json.encode(plain(document)), indent=2))


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Rows under headings; on a terminal with a rule and as wide as it is, else plain and uncut. A remark when there are none."""
    if not rows:
        click.echo("nothing found", err=True)
        return
    headings = [column.replace("_", " ") for column in columns]
    cells = [[cell(row.get(column)) for column in columns] for row in rows]
    if sys.stdout.isatty():
        _rich_table(headings, cells)
        return
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    for line in (headings, *cells):
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _rich_table(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    # Loaded only where a person looks: it takes longer than most commands.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(*headings, box=None, pad_edge=False)
    for line in cells:
        shown.add_row(*(Text(text) for text in line))
    Console().print(shown)


def cell(value: object) -> str:
    """One value as people read it."""
    shown = plain(value)
    if shown is None or shown == "":
        return "–"
    if isinstance(shown, list):
        return " ".join(map(str, shown))
    if isinstance(shown, bool):
        return "yes" if shown else "no"
    return str(shown)
