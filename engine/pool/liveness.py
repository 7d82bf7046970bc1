"""Who is alive: processes watched by descriptor, so that a death is an event and a kill never meets a stranger's pid.

Also the patience with a nursery that does not come up, as plain arithmetic.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from engine.base.exitcodes import WORKER_BOOT_FAILED, WORKER_ORPHANED

#: Why a worker is gone, as far as the pool can tell; `killed`: by a SIGKILL, or nobody can tell; `nursery`: it died with it.
Death = Literal["crash", "killed", "nursery", "left", "unreachable", "boot"]


class Watch:
    """One process, by pidfd; `on_death` is called once, on the loop, when it has ended (even if nobody has reaped it)."""

    def __init__(self, pid: int, on_death: Callable[[], None]) -> None:
        """Raises ProcessLookupError when it is gone already."""
        self.pid = pid
        self._on_death = on_death
        self._fd = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._fd, self._died)

    def _died(self) -> None:
        self.close()
        self._on_death()

    @property
    def alive(self) -> bool:
        """Not known to be dead."""
        return self._fd >= 0

    def kill(self) -> None:
        """SIGKILL; nothing happens when it is dead."""
        if self._fd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._fd, signal.SIGKILL)

    def close(self) -> None:
        """Watch no longer."""
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1


def cause_of(status: int | None) -> Death:
    """Word for the end of a worker, from its exit code or the negative number of a signal; None: nobody could tell."""
    if status is None or status == -signal.SIGKILL:
        return "killed"
    if status == 0:
        return "left"
    if status == WORKER_BOOT_FAILED:
        return "boot"
    if status == WORKER_ORPHANED:
        return "unreachable"
    return "crash"


@dataclass(slots=True)
class Boots:
    """Starts of the nursery in a row that never became warm: when to try again, and when to give up."""

    failures_max: int = 5
    first_pause_s: float = 0.2
    failures: int = 0

    def failed(self) -> float | None:
        """One more; seconds to wait before the next try, or None when it is enough."""
        self.failures += 1
        if self.failures >= self.failures_max:
            return None
        return float(self.first_pause_s * 2 ** (self.failures - 1))

    def succeeded(self) -> None:
        """It is warm: the count begins anew."""
        self.failures = 0
