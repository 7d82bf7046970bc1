"""Filling the cache of machine code ahead of time, in child processes.

Compiling takes a second or less a kernel and leaves 150 MB of compiler in the process. Children spare a long-lived
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
WATCH_S = 0.5
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
        parts = groups(self.missing)
        count = min(processes or len(os.sched_getaffinity(0)), len(parts))
        #: What children say; a file, as nobody reads a pipe while they are at it.
        self._words = tempfile.TemporaryFile("w+") if self.missing else None  # noqa: SIM115 - closed with this object
        self._children = _spawn(parts, count, self._words) if self._words else []

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


def groups(names: Iterable[str]) -> list[list[str]]:
    """Names that one child had better compile one after another, as they share helpers, which each child compiles anew.

    Those that need the averages of all kinds are one group, else each file of kernels is one. Longest first, as a long one
    begun last would keep one CPU busy and leave the others idle.
    """
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault("" if _averages(name) else catalog.BY_NAME[name].kernel.module, []).append(name)
    return sorted(found.values(), key=lambda group: len(group) + AVERAGES_WEIGH * _averages(group[0]), reverse=True)


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


def _spawn(parts: list[list[str]], count: int, words: IO[str]) -> list[subprocess.Popen[str]]:
    """So many children, each of which takes the next group whenever it is done with one."""
    # The children find this package where this process found it, installed or not.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    # Numbers of groups, a byte each, wait in a pipe that all children read: a queue which nobody has to keep.
    queue, entrance = os.pipe()
    os.write(entrance, bytes(range(len(parts))))
    os.close(entrance)
    arguments = ["--for", str(os.getpid()), str(queue), *(",".join(group) for group in parts)]
    try:
        return [
            subprocess.Popen(
                [sys.executable, "-m", "indicators", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=words,
                text=True,
                env=environment,
                pass_fds=(queue,),
            )
            for _ in range(count)
        ]
    finally:
        os.close(queue)
