"""The silence that the exchange asks for, in this process and, through a small file, in those that come after it.

A ban that a restart forgets grows from minutes to days. Not here: what a reply says about a pause, and who keeps it.
"""

import logging
import math
from pathlib import Path

import msgspec

from engine.binance.errors import PAUSE_MAX_S

log = logging.getLogger(__name__)

FILE_NAME = "exchange-pause.json"
#: Kept beyond what was asked: the exchange's clock and ours are not the same.
MARGIN_S = 0.5


class Pause:
    """Until when nothing may be sent. Pure; `now_s` is monotonic time, so that a clock that is set ends no ban."""

    def __init__(self) -> None:
        self._until_s = -math.inf
        self._banned_until_s = -math.inf

    def ask(self, seconds: float, now_s: float, *, banned: bool = False) -> None:
        """Send nothing for so long; a longer pause that runs already stays."""
        until_s = now_s + min(max(0.0, seconds), PAUSE_MAX_S) + MARGIN_S
        self._until_s = max(self._until_s, until_s)
        if banned:
            self._banned_until_s = max(self._banned_until_s, until_s)

    def left_s(self, now_s: float) -> float:
        """Seconds that are left; 0.0 when there is no pause."""
        return max(0.0, self._until_s - now_s)

    def banned(self, now_s: float) -> bool:
        """Whether our address is banned now."""
        return self._banned_until_s > now_s


class Remembered(msgspec.Struct, frozen=True):
    """What the file holds: the end of the pause by this machine's wall clock, in ms since the epoch."""

    until_ms: float
    banned: bool = False


def remember(directory: Path | None, seconds: float, wall_ms: float, *, banned: bool) -> None:
    """Write down that nothing may be sent for so long; a directory that cannot be written is told in the log only."""
    if directory is None:
        return
    path = directory / FILE_NAME
    try:
        left_s, was_banned = recall(directory, wall_ms)
        until_ms = wall_ms + max(left_s, min(seconds, PAUSE_MAX_S)) * 1e3
        temporary = path.with_suffix(".new")
        temporary.write_bytes(msgspec.json.encode(Remembered(until_ms, banned or (was_banned and left_s > 0))))
        temporary.replace(path)
    except OSError as error:
        log.warning("the end of the pause that the exchange asked for cannot be written to %s: %s", path, error)


def recall(directory: Path | None, wall_ms: float) -> tuple[float, bool]:
    """Seconds that a remembered pause still lasts, and whether it is a ban; 0.0 when there is none that can be believed."""
    if directory is None:
        return 0.0, False
    path = directory / FILE_NAME
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Remembered)
    except FileNotFoundError:
        return 0.0, False
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        log.warning("what is remembered of a pause in %s cannot be read and is ignored: %s", path, error)
        return 0.0, False
    left_s = (found.until_ms - wall_ms) / 1e3
    # Longer than any ban: the clock was set, or the file is nonsense.
    return (left_s, found.banned) if 0 < left_s <= PAUSE_MAX_S else (0.0, False)
