"""What a trader says of when and where it runs, read: `refresh`, `symbols` and intervals. Pure."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from engine.base.errors import SettingsError, TraderError
from engine.base.types import INTERVAL_MS, interval_ms

SYMBOLS_DEFAULT = ("top:100",)
SECONDS_MAX = 86_400

_SECONDS = re.compile(r"([1-9][0-9]{0,4})s")
_TOP = re.compile(r"top:([1-9][0-9]{0,3})")


class Refresh(NamedTuple):
    """When a trader runs: at each close of an interval of this length, or every so many seconds."""

    length_ms: int
    seconds: bool
    #: Name of the driving interval; empty when time-driven.
    interval: str


def parse_refresh(text: str) -> Refresh:
    """`"5m"` is an interval, `"10s"` a pause; `"1s"` is the exchange's interval. Raises TraderError for anything else."""
    if text in INTERVAL_MS:
        return Refresh(INTERVAL_MS[text], False, text)
    found = _SECONDS.fullmatch(text)
    if found is None or int(found[1]) > SECONDS_MAX:
        advice = f'write an interval ({" ".join(INTERVAL_MS)}) or seconds, as "10s", up to {SECONDS_MAX}'
        raise TraderError("refresh is refused", repr(text), advice)
    return Refresh(int(found[1]) * 1_000, True, "")


def sorted_intervals(names: Sequence[str]) -> tuple[str, ...]:
    """The names once each, shortest first; raises TraderError for one that is not an interval with a regular grid."""
    try:
        return tuple(sorted(set(names), key=interval_ms))
    except SettingsError as error:
        raise TraderError(error.what, error.found, error.advice) from error


def top_of(said: Sequence[str]) -> int:
    """N when the trader says top:N, or nothing; 0 when it names symbols."""
    said = said or SYMBOLS_DEFAULT
    top = _TOP.fullmatch(said[0]) if len(said) == 1 else None
    return int(top[1]) if top is not None else 0


def choose_symbols(said: Sequence[str], ranked: Sequence[str], known: frozenset[str]) -> tuple[str, ...]:
    """The symbols a trader means.

    `said` is ("top:N",) or names; `ranked` is the engine's universe, most traded first; `known` is all the exchange has,
    whether it trades now or not. Raises TraderError naming a symbol that the exchange does not have.
    """
    number = top_of(said)
    if number:
        return tuple(ranked[:number])
    unknown = [name for name in said if name not in known]
    if unknown:
        raise TraderError("symbol is not traded at the exchange", ", ".join(unknown[:5]), 'write "top:N" or names as BTCUSDT')
    return tuple(dict.fromkeys(said))
