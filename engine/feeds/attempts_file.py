"""Connection attempts remembered in a small file, so that an engine that starts again and again is counted as one.

One line an attempt: seconds since the epoch by this machine's clock. What cannot be read or written is passed over: then the
attempts of this process alone are counted. How many are allowed is decided in `backoff`.
"""

import logging
import math
from pathlib import Path

from engine.feeds.backoff import ATTEMPTS_WINDOW_S

log = logging.getLogger(__name__)

NAME = "connection-attempts"
#: Only so much of the end of the file is read: several times what is allowed in one window, in bytes.
READ_BYTES_MAX = 65_536
#: Lines after which the file is written anew.
LINES_MAX = 2_000


class AttemptsFile:
    """The file in `state_dir`; times are seconds since the epoch."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / NAME
        self._lines = 0
        self._failed = False

    def recall(self, now_s: float) -> list[float]:
        """Seconds since each attempt that still counts, oldest first; the file holds no others afterwards.

        An attempt in the future was made before the clock was set back: when is not known, so it counts as made just now.
        """
        ages = sorted((max(0.0, now_s - stamp) for stamp in self._stamps()), reverse=True)
        ages = [age for age in ages if age < ATTEMPTS_WINDOW_S]
        self._rewrite([now_s - age for age in ages])
        return ages

    def note(self, now_s: float) -> None:
        """Remember an attempt; call before it is made."""
        if self._lines >= LINES_MAX:
            self.recall(now_s)
        try:
            with self._path.open("ab") as file:
                file.write(b"%.3f\n" % now_s)
        except OSError as error:
            self._tell(error)
        self._lines += 1

    def _stamps(self) -> list[float]:
        try:
            with self._path.open("rb") as file:
                file.seek(max(0, file.seek(0, 2) - READ_BYTES_MAX))
                words = file.read(READ_BYTES_MAX).split()
        except FileNotFoundError:
            return []
        except OSError as error:
            self._tell(error)
            return []
        return [stamp for stamp in map(_number, words) if math.isfinite(stamp)]

    def _rewrite(self, stamps: list[float]) -> None:
        self._lines = len(stamps)
        new = self._path.with_suffix(".new")
        try:
            new.write_bytes(b"".join(b"%.3f\n" % stamp for stamp in stamps))
            new.replace(self._path)
        except OSError as error:
            self._tell(error)

    def _tell(self, error: OSError) -> None:
        if not self._failed:
            self._failed = True
            log.warning("connection attempts are counted for this process only: %s", error)


def _number(word: bytes) -> float:
    try:
        return float(word)
    except ValueError:
        return math.nan
