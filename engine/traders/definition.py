"""A trader as its owner wrote it, read from a row of the database and checked against the limits of the contract. Pure.

What the code itself says (refresh, symbols, intervals) is read by workers; here are only the fields of the row.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from engine.base.errors import TraderError
from engine.base.types import INTERVAL_MS, IRREGULAR_ADVICE, IRREGULAR_INTERVALS
from engine.traders import spec

NAME_CHARS_MAX = 100
USER_CHARS_MAX = 100
CODE_BYTES_MAX = 50 * 1024
INSTRUCTIONS_CHARS_MAX = 10_000
ANALYSES_MAX = 8
SYMBOLS_MAX = 4_096


class Strategy(msgspec.Struct, frozen=True):
    """What the analysis of a signal is told."""

    instructions: str = ""
    max_concurrent_analysis: int = 1


class TraderDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one trader. Empty `refresh`, `symbols` and `intervals` leave the word to the code."""

    id: str
    user_id: str
    name: str
    enabled: bool
    code: str
    refresh: str
    symbols: tuple[str, ...]
    intervals: tuple[str, ...]
    strategy: Strategy
    version: int
    cloud_config: dict[str, Any]


def parse_row(row: Mapping[str, Any]) -> TraderDefinition:
    """The definition in a row of `traders`; raises TraderError with every problem of it, for its owner to read."""
    problems: list[str] = []
    name = _text(row, "name", problems)
    document = _object(row, "filter", problems)
    definition = TraderDefinition(
        id=_identity(row, problems),
        user_id=_text(row, "user_id", problems),
        name=name,
        enabled=row.get("enabled") is True,
        code=_text(document, "code", problems),
        refresh=_optional_text(document, "refreshInterval", problems),
        symbols=_symbols(document, problems),
        intervals=_names(document, "requiredTimeframes", problems),
        strategy=_strategy(_object(row, "strategy", problems), problems),
        version=_version(row, problems),
        cloud_config=_object(row, "cloud_config", problems),
    )
    problems += limits(definition)
    if problems:
        raise TraderError(f"trader {name or row.get('id', '')!r} is invalid", "; ".join(problems))
    return definition


def limits(definition: TraderDefinition) -> list[str]:
    """What of a definition is outside the contract, in words; empty when nothing is."""
    problems = []
    if not 1 <= len(definition.name) <= NAME_CHARS_MAX or not definition.name.strip():
        problems.append(f"name has {len(definition.name)} characters, 1 to {NAME_CHARS_MAX} are allowed")
    if not 1 <= len(definition.user_id) <= USER_CHARS_MAX:
        problems.append(f"user_id has {len(definition.user_id)} characters, 1 to {USER_CHARS_MAX} are allowed")
    if (size := len(definition.code.encode(errors="replace"))) > CODE_BYTES_MAX:
        problems.append(f"code has {size} bytes, {CODE_BYTES_MAX} are allowed")
    elif not definition.code.strip():
        problems.append("code is empty")
    if len(definition.strategy.instructions) > INSTRUCTIONS_CHARS_MAX:
        found = len(definition.strategy.instructions)
        problems.append(f"instructions have {found} characters, {INSTRUCTIONS_CHARS_MAX} are allowed")
    if not 1 <= definition.strategy.max_concurrent_analysis <= ANALYSES_MAX:
        found = definition.strategy.max_concurrent_analysis
        problems.append(f"maxConcurrentAnalysis is {found}, 1 to {ANALYSES_MAX} are allowed")
    problems += [_interval_problem(name) for name in definition.intervals if name not in INTERVAL_MS]
    if definition.refresh:
        try:
            spec.parse_refresh(definition.refresh)
        except TraderError as error:
            problems.append(f"refreshInterval: {error}")
    return problems


def _interval_problem(name: str) -> str:
    if name in IRREGULAR_INTERVALS:
        return f"requiredTimeframes: {name!r} is not supported, {IRREGULAR_INTERVALS[name]}: {IRREGULAR_ADVICE}"
    return f"requiredTimeframes: {name!r} is unknown, use {' '.join(INTERVAL_MS)}"


def _identity(row: Mapping[str, Any], problems: list[str]) -> str:
    try:
        return str(uuid.UUID(str(row.get("id", ""))))
    except ValueError:
        problems.append("id is not a UUID")
        return ""


def _version(row: Mapping[str, Any], problems: list[str]) -> int:
    version = row.get("version", 1)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        problems.append(f"version is {version!r}, a number from 1 is expected")
        return 1
    return version


def _text(source: Mapping[str, Any], key: str, problems: list[str]) -> str:
    value = source.get(key)
    if not isinstance(value, str):
        problems.append(f"{key} is {_kind(value)}, text is expected")
        return ""
    return value


def _optional_text(source: Mapping[str, Any], key: str, problems: list[str]) -> str:
    return _text(source, key, problems) if source.get(key) is not None else ""


def _object(source: Mapping[str, Any], key: str, problems: list[str]) -> dict[str, Any]:
    value = source.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        problems.append(f"{key} is {_kind(value)}, an object is expected")
        return {}
    return dict(value)


def _names(source: Mapping[str, Any], key: str, problems: list[str]) -> tuple[str, ...]:
    value = source.get(key)
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(name, str) for name in value):
        problems.append(f"{key} is {_kind(value)}, a list of names is expected")
        return ()
    return tuple(dict.fromkeys(value))


def _symbols(source: Mapping[str, Any], problems: list[str]) -> tuple[str, ...]:
    """Names, or one text ("top:50") where a list of one is meant."""
    value = source.get("symbols")
    names = (value,) if isinstance(value, str) else _names(source, "symbols", problems)
    if len(names) > SYMBOLS_MAX:
        problems.append(f"symbols has {len(names)} names, {SYMBOLS_MAX} are allowed")
    return names[:SYMBOLS_MAX]


def _strategy(source: Mapping[str, Any], problems: list[str]) -> Strategy:
    instructions = _optional_text(source, "instructions", problems)
    analyses = source.get("maxConcurrentAnalysis", 1)
    if not isinstance(analyses, int) or isinstance(analyses, bool):
        problems.append(f"maxConcurrentAnalysis is {_kind(analyses)}, a number is expected")
        analyses = 1
    return Strategy(instructions, analyses)


def _kind(value: object) -> str:
    return "missing" if value is None else f"of type {type(value).__name__}"
