"""Filling the cache of machine code ahead of time, in child processes.

Compiling takes about a second a kernel and leaves 150 MB of compiler in the process. Children spare a long-lived
process that memory, and use every CPU. `python -m indicators` does the same by hand, for an image or an installation.
"""

import os
import subprocess
import sys
from collections.abc import Iterable

from indicators import catalog
from indicators.checks import IndicatorError


def build(names: Iterable[str] | None = None, processes: int | None = None) -> list[str]:
    """Compile the kernels of these indicators (default: all) that the cache does not hold yet.

    Args:
        names: indicators by name.
        processes: how many at once; default: one per CPU this process may use.

    Returns:
        Names of the indicators that were compiled.

    Raises:
        IndicatorError: a name is unknown, or a child failed; its last words are in the message.
    """
    wanted = list(catalog.ENTRIES) if names is None else list(names)
    missing = [name for name in wanted if not all(kernel.is_cached() for kernel in catalog.kernels([name]))]
    count = max(1, min(processes or len(os.sched_getaffinity(0)), len(missing)))
    children = [_spawn(missing[start::count]) for start in range(count)] if missing else []
    failures = [text.strip() for text, code in map(_outcome, children) if code != 0]
    if failures:
        raise IndicatorError(f"kernels could not be compiled: {failures[0][-500:]}")
    return missing


def _spawn(names: list[str]) -> subprocess.Popen[str]:
    # The child finds this package where this process found it, installed or not.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen([sys.executable, "-m", "indicators", *names], stderr=subprocess.PIPE, text=True, env=environment)


def _outcome(child: subprocess.Popen[str]) -> tuple[str, int]:
    _, text = child.communicate()
    return text, child.returncode
