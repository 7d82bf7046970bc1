"""`python -m indicators` compiles all kernels into the cache, with all CPUs; with names, those, in this process.

--for PID QUEUE GROUP...   end with that process, which must be the parent, and let others go first; compile the groups
                           of names (a comma between two) whose numbers are read from that file descriptor, a byte each
"""

import ctypes
import os
import signal
import sys

import indicators

_PR_SET_PDEATHSIG = 1
#: Compiling is never as urgent as what goes on beside it.
NICENESS = 10


def main(arguments: list[str]) -> int:
    """Exit code: 0 done, 1 a name is unknown, compiling failed, or what was compiled could not be kept."""
    if arguments[:1] in (["--help"], ["-h"]):
        print(__doc__)
        return 0
    if arguments[:1] == ["--for"]:
        return _serve(int(arguments[1]), int(arguments[2]), arguments[3:])
    try:
        if arguments:
            indicators.warm(arguments)
        else:
            built = indicators.build(progress=_tell)
            print(f"compiled: {', '.join(built)}" if built else "all kernels were compiled already")
            if not all(kernel.is_cached() for kernel in indicators.catalog.kernels(built)):
                raise indicators.IndicatorError("there was no place to keep machine code: set NUMBA_CACHE_DIR")
    except indicators.IndicatorError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _serve(parent_pid: int, queue: int, groups: list[str]) -> int:
    if not _end_with(parent_pid):
        return 1
    while number := os.read(queue, 1):
        indicators.warm(groups[number[0]].split(","))
    return 0


def _end_with(parent_pid: int) -> bool:
    """Be killed when the parent ends, however it does; False when it has ended already."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.nice(NICENESS)
    return os.getppid() == parent_pid


def _tell(done: int, total: int, name: str) -> None:
    print(f"compiled {done}/{total} {name}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
