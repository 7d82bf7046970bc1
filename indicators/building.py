"""Filling the cache of machine code ahead of time, in child processes.

Compiling takes about a second a kernel and leaves 150 MB of compiler in the process. Children spare a long-lived
process that memory, and use every CPU. `python -m indicators` does the same by hand, for an image or an installation.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable

from indicators import catalog
from indicators.checks import IndicatorError
from indicators.kernel import Kernel

Progress = Callable[[int, int, str], None]

#: Pause between two looks at the cache.
WATCH_S = 0.2


def build(names: Iterable[str] | None = None, processes: int | None = None, progress: Progress | None = None) -> list[str]:
    """Compile the kernels of these indicators (default: all) that the cache does not hold yet.

    Args:
        names: indicators by name.
        processes: how many at once; default: one per CPU this process may use.
        progress: called with (kernels in the cache, kernels in all, name of one that has just come).

    Returns:
        Names of the indicators that were compiled.

    Raises:
        IndicatorError: a name is unknown, or a child failed; its last words are in the message.
    """
    wanted = list(catalog.ENTRIES) if names is None else list(names)
    missing = [name for name in wanted if not all(kernel.is_cached() for kernel in catalog.kernels([name]))]
    count = max(1, min(processes or len(os.sched_getaffinity(0)), len(missing)))
    children = [_spawn(missing[start::count]) for start in range(count)] if missing else []
    if children and progress is not None:
        _watch(children, [kernel for name in wanted for kernel in catalog.kernels([name])], progress)
    failures = [text.strip() for text, code in map(_outcome, children) if code != 0]
    if failures:
        raise IndicatorError(f"kernels could not be compiled: {failures[0][-500:]}")
    return missing


def _watch(children: list[subprocess.Popen[str]], kernels: list[Kernel], progress: Progress) -> None:
    """Tell of each kernel that arrives in the cache, until all children have ended."""
    waiting = {kernel.function: kernel for kernel in kernels}
    total = len(waiting)
    while True:
        ended = all(child.poll() is not None for child in children)
        for name in [name for name, kernel in waiting.items() if kernel.is_cached()]:
            del waiting[name]
            progress(total - len(waiting), total, name)
        if ended:
            return
        time.sleep(WATCH_S)


def _spawn(names: list[str]) -> subprocess.Popen[str]:
    # The child finds this package where this process found it, installed or not.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen([sys.executable, "-m", "indicators", *names], stderr=subprocess.PIPE, text=True, env=environment)


def _outcome(child: subprocess.Popen[str]) -> tuple[str, int]:
    _, text = child.communicate()
    return text, child.returncode
