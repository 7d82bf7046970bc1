"""The shape in which traders are stored: rows for the database, made from what a user gives, and read back in bulk. Pure.

The rows travel through `engine.persistence`, which this package does not know.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from engine.base.errors import TraderError
from engine.traders.definition import TraderDefinition, parse_row


class Problem(NamedTuple):
    """A row that cannot run, and why."""

    name: str
    reason: str


def new_row(
    user_id: str,
    name: str,
    code: str,
    *,
    refresh: str = "",
    symbols: Sequence[str] = (),
    intervals: Sequence[str] = (),
    instructions: str = "",
    max_concurrent_analysis: int = 1,
    enabled: bool = True,
) -> dict[str, Any]:
    """A row for `traders`, checked like one that is read; raises TraderError."""
    row = {
        "id": str(uuid.uuid4()),
        "user_id": user_id,
        "name": name,
        "enabled": enabled,
        "filter": filter_document(code, refresh=refresh, symbols=symbols, intervals=intervals),
        "strategy": {"instructions": instructions, "maxConcurrentAnalysis": max_concurrent_analysis},
        "version": 1,
        "cloud_config": {},
    }
    parse_row(row)
    return row


def filter_document(
    code: str, *, refresh: str = "", symbols: Sequence[str] = (), intervals: Sequence[str] = ()
) -> dict[str, Any]:
    """The `filter` column; what the code says anyway may be repeated in it for those who read the table."""
    document: dict[str, Any] = {"code": code, "requiredTimeframes": list(intervals)}
    if refresh:
        document["refreshInterval"] = refresh
    if symbols:
        document["symbols"] = list(symbols)
    return document


def read_rows(rows: Iterable[Mapping[str, Any]]) -> tuple[list[TraderDefinition], dict[str, Problem]]:
    """The definitions in these rows, and by id the rows that are invalid: one bad row keeps no other from running."""
    definitions, problems = [], {}
    for row in rows:
        try:
            definitions.append(parse_row(row))
        except TraderError as error:
            problems[str(row.get("id", ""))] = Problem(str(row.get("name", "")), str(error))
    return definitions, problems
