"""How data look on stdout: JSON for programs, a table for people."""

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
    """Rows under headings, as wide as they need to be; nothing but a remark when there are none."""
    if not rows:
        click.echo("nothing found", err=True)
        return
    cells = [[cell(row.get(column)) for column in columns] for row in rows]
    widths = [max(len(column), *(len(line[place]) for line in cells)) for place, column in enumerate(columns)]
    for line in ([column.replace("_", " ") for column in columns], *cells):
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


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
