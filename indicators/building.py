"""Filling the cache of machine code ahead of time, in child processes.

Compiling takes about a second a kernel and leaves 150 MB of compiler in the process. Children spare a long-lived
process that memory, and use every CPU. `python -m indicators` does the same by hand, for an image or an installation.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from typing import IO

from indicators import catalog
from indicators.checks import IndicatorError

Progress = Callable[[int, int, str], None]

#: Pause between two looks at the cache.
WATCH_S = 0.2
#: What the averages of all kinds cost a child that compiles for them, in ordinary kernels.
AVERAGES_WEIGH = 20


class Builders:
    """Child processes that compile the kernels of these indicators, those that the cache does not hold yet.

    Nobody waits for them here: ask `running` now and then, and `failure` at the end.
    """

    def __init__(self, names: Iterable[str], processes: int | None = None) -> None:
        """Start them, one per CPU this process may use unless told otherwise; raises IndicatorError for an unknown name."""
        kernels = {catalog.name_of(name): catalog.kernels([name]) for name in names}
        lacking = {kernel for kernel in set().union(*kernels.values()) if not kernel.is_cached()}
        #: Names of the indicators that are compiled.
        self.missing = [name for name, parts in kernels.items() if not lacking.isdisjoint(parts)]
        self._waiting = {kernel.function: kernel for kernel in lacking}
        self._total = len(self._waiting)
        count = max(1, min(processes or len(os.sched_getaffinity(0)), len(self.missing)))
        #: What children say; a file, as nobody reads a pipe while they are at it.
        self._words = tempfile.TemporaryFile("w+") if self.missing else None  # noqa: SIM115 - closed with this object
        self._children = [_spawn(share, self._words) for share in shares(self.missing, count) if share]

    @property
    def pids(self) -> list[int]:
        """Process ids of the children; they end with this process."""
        return [child.pid for child in self._children]

    def running(self) -> bool:
        """Whether some of them are still at it."""
        return any(child.poll() is None for child in self._children)

    def tell(self, progress: Progress) -> None:
        """Call `progress` for each kernel that has come into the cache since the last time."""
        for name in [name for name, kernel in self._waiting.items() if kernel.is_cached()]:
            del self._waiting[name]
            progress(self._total - len(self._waiting), self._total, name)

    def failure(self) -> str:
        """Waits for the end; the last words of a child that failed, or nothing."""
        failed = [child for child in self._children if child.wait() != 0]
        if self._words is None:
            return ""
        with self._words:
            self._words.seek(0)
            words = self._words.read()[-500:].strip()
        return (words or f"exit code {failed[0].returncode}") if failed else ""


def shares(names: Iterable[str], count: int) -> list[list[str]]:
    """Names for each of so many children: those that need the averages of all kinds in one, since they cost it 8 s once.

    The rest evens out how many each has; the averages count as `AVERAGES_WEIGH` kernels.
    """
    found: list[list[str]] = [[] for _ in range(count)]
    loads = [0] * count
    for name in sorted(names, key=lambda name: not _averages(name)):
        child = 0 if _averages(name) else loads.index(min(loads))
        if _averages(name) and not found[0]:
            loads[0] += AVERAGES_WEIGH
        found[child].append(name)
        loads[child] += 2 if _averages(name) else 1
    return found


def _averages(name: str) -> bool:
    """Whether an indicator takes the kind of a moving average as a parameter."""
    return any("matype" in parameter for parameter in catalog.BY_NAME[name].parameters)


def build(names: Iterable[str] | None = None, processes: int | None = None, progress: Progress | None = None) -> list[str]:
    """Compile the kernels of these indicators (default: all) that the cache does not hold yet.

    Args:
        names: indicators by name.
        processes: how many at once; default: one per CPU this process may use.
        progress: called with (kernels compiled, kernels to compile, name of the one that has just come).

    Returns:
        Names of the indicators that were compiled.

    Raises:
        IndicatorError: a name is unknown, or a child failed; its last words are in the message.
    """
    builders = Builders(catalog.ENTRIES if names is None else names, processes)
    while builders.missing and progress is not None:
        ended = not builders.running()
        builders.tell(progress)
        if ended:
            break
        time.sleep(WATCH_S)
    failure = builders.failure()
    if failure:
        raise IndicatorError(f"kernels could not be compiled: {failure}")
    return builders.missing


def _spawn(names: list[str], words: IO[str] | None) -> subprocess.Popen[str]:
    # The child finds this package where this process found it, installed or not.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [sys.executable, "-m", "indicators", "--for", str(os.getpid()), *names],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=words,
        text=True,
        env=environment,
    )
