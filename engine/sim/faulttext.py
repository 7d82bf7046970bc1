"""Reads faults: from JSON fields of the control endpoint, and from flags as `drop:after_s=30,count=1`.

Pure. Whatever does not fit the table in `faultkinds` is refused in one sentence; nothing is guessed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.base.errors import SettingsError
from engine.sim.faultkinds import KINDS, STATUSES, Kind, Number
from engine.sim.grid import INTERVALS

COUNT_MAX: Final = 1_000_000
SECONDS_MAX: Final = 7 * 86_400.0
#: What any kind may be told, with the ranges of the numbers.
COMMON: Final = {
    "after_s": Number(0, SECONDS_MAX, 0.0),
    "for_s": Number(0, SECONDS_MAX),
    "count": Number(1, COUNT_MAX, whole=True),
    "chance": Number(0, 1, 1.0),
}
LISTS: Final = ("symbols", "intervals")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as it was asked for; times in real seconds from when it is added.

    `for_s` None: until it is removed; `count` None: without end; empty `symbols` or `intervals`: all.
    """

    kind: str
    after_s: float
    for_s: float | None
    count: int | None
    chance: float
    symbols: frozenset[str]
    intervals: frozenset[str]
    numbers: Mapping[str, float]
    words: Mapping[str, str]

    def fields(self) -> dict[str, object]:
        """What was told, as JSON tells it."""
        told: dict[str, object] = {"kind": self.kind, "after_s": self.after_s}
        told |= {} if self.for_s is None else {"for_s": self.for_s}
        told |= {} if self.count is None else {"count": self.count}
        told |= {} if self.chance == 1 else {"chance": self.chance}
        told |= {name: sorted(value) for name, value in (("symbols", self.symbols), ("intervals", self.intervals)) if value}
        return told | dict(self.numbers) | {name: word for name, word in self.words.items() if word}


def from_fields(fields: Mapping[str, object]) -> Fault:
    """The fault that fields of JSON describe; raises SettingsError."""
    name = fields.get("kind")
    if not isinstance(name, str) or name not in KINDS:
        raise SettingsError("kind of fault is not known", repr(name), f"use one of {', '.join(KINDS)}")
    kind = KINDS[name]
    _check_names(name, kind, fields)
    common = {key: _number(name, key, fields.get(key), bounds) for key, bounds in COMMON.items()}
    numbers = {key: _number(name, key, fields.get(key), bounds) for key, bounds in kind.numbers.items()}
    if name == "http" and numbers["status"] not in STATUSES:
        raise SettingsError("status of fault http is out of range", numbers["status"], f"use one of {_listed(STATUSES)}")
    count, chance = common["count"], common["chance"]
    return Fault(
        kind=name,
        after_s=common["after_s"] or 0.0,
        for_s=common["for_s"],
        count=None if count is None else int(count),
        chance=1.0 if chance is None else chance,
        symbols=frozenset(symbol.upper() for symbol in _names(name, "symbols", fields)),
        intervals=frozenset(_intervals(name, fields)),
        numbers={key: value for key, value in numbers.items() if value is not None},
        words={key: _word(name, key, fields.get(key, word.default), word.choices) for key, word in kind.words.items()},
    )


def from_flag(text: str) -> Fault:
    """The fault that a flag describes: `kind:name=value,…`, the parts of a list joined by `+`; raises SettingsError."""
    name, _, rest = text.partition(":")
    fields: dict[str, object] = {"kind": name.strip()}
    for pair in filter(None, (part.strip() for part in rest.split(","))):
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or not value:
            raise SettingsError("fault cannot be read", repr(text), "write it as kind:name=value,name=value")
        if key in fields:
            raise SettingsError("fault tells something twice", repr(text), f"tell {key} once")
        fields[key] = value.split("+") if key in LISTS else _plain(value)
    return from_fields(fields)


def _check_names(name: str, kind: Kind, fields: Mapping[str, object]) -> None:
    """Refuse what the kind does not know, or cannot be limited by."""
    known = {"kind", *COMMON, *LISTS, *kind.numbers, *kind.words}
    for key in fields:
        if key not in known:
            own = [*kind.numbers, *kind.words]
            raise SettingsError(f"fault {name} has no such number", key, f"its own are: {', '.join(own) or 'none'}")
        if key in LISTS and not kind.by_stream:
            raise SettingsError(f"fault {name} cannot be limited", f"by {key}", "leave it out")
        if key in ("count", "chance") and not kind.by_occasion:
            raise SettingsError(f"fault {name} has no occasions", key, "leave it out; use after_s and for_s")


def _number(kind: str, name: str, value: object, bounds: Number) -> float | None:
    if value is None:
        if bounds.required:
            raise SettingsError(f"fault {kind} lacks a number", name, f"add {name}, {bounds.low:g} to {bounds.high:g}")
        return bounds.default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise SettingsError(f"{name} of fault {kind} is not a number", repr(value), "write a number")
    if not bounds.low <= value <= bounds.high or (bounds.whole and value != int(value)):
        what = "whole number" if bounds.whole else "number"
        raise SettingsError(
            f"{name} of fault {kind} is out of range", value, f"use a {what} of {bounds.low:g} to {bounds.high:g}"
        )
    return int(value) if bounds.whole else float(value)


def _word(kind: str, name: str, value: object, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or (choices and value and value not in choices):
        raise SettingsError(f"{name} of fault {kind} is not known", repr(value), f"use one of {_listed(choices) or 'any word'}")
    return value


def _names(kind: str, name: str, fields: Mapping[str, object]) -> list[str]:
    value = fields.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise SettingsError(f"{name} of fault {kind} are not a list of names", repr(value), 'write ["BTCUSDT"]')
    return list(value)


def _intervals(kind: str, fields: Mapping[str, object]) -> list[str]:
    intervals = _names(kind, "intervals", fields)
    for interval in intervals:
        if interval not in INTERVALS:
            raise SettingsError(f"interval of fault {kind} is not known", repr(interval), f"use one of {_listed(INTERVALS)}")
    return intervals


def _plain(value: str) -> object:
    """A number where it is one, else the word."""
    try:
        return float(value)
    except ValueError:
        return value


def _listed(values: tuple[object, ...]) -> str:
    return ", ".join(str(value) for value in values)
