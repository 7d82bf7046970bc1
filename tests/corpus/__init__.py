"""Filters for tests: ordinary ones as people write them, and attacks by class, each with what must become of it.

A body stands in `check` after `HEAD`; what defines `check` itself is a whole source.
"""

import importlib
import pkgutil
from typing import Final, NamedTuple

HEAD: Final = "def check(ticker, klines, ta):\n    five, hour = klines['5m'], klines['1h']\n    close = five.close\n    "


class Attack(NamedTuple):
    """`kind` is its class; `expected` the construct that a refusal names, or what becomes of it when it runs."""

    kind: str
    source: str
    expected: str


def source_of(body: str) -> str:
    """The whole filter."""
    return (body if "def check(" in body else HEAD + body) + "\n"


def listed(table: str) -> list[Attack]:
    """All attacks that stand in the tables of this name: REFUSED, RUNS, ENDLESS or DEADLY."""
    from tests.corpus import attacks as package

    found = []
    for module in pkgutil.iter_modules(package.__path__):
        entries = getattr(importlib.import_module(f"{package.__name__}.{module.name}"), table, [])
        pairs = [entry if isinstance(entry, tuple) else (entry, "") for entry in entries]
        found += [Attack(module.name, source_of(body), expected) for body, expected in pairs]
    return found
