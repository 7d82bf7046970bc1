"""Log lines of nursery and workers: one JSON object a line into the pipe that is stderr.

The supervisor reads the other end. A pipe that nobody reads must not stop a worker: what does not fit is dropped.
"""

import contextlib
import json
import logging
import os
import time

#: Longest line, in bytes; below what a pipe takes in one piece.
LINE_BYTES_MAX = 4_000


class PipeHandler(logging.Handler):
    """Writes records to a descriptor, whole lines or nothing."""

    def __init__(self, fd: int, slot: int | None = None) -> None:
        super().__init__()
        self._fd = fd
        self._slot = slot

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            trace = logging.Formatter().formatException(record.exc_info)
            message = f"{message}: {trace}"
        line: dict[str, object] = {
            "level": record.levelname.lower(),
            "name": record.name,
            "message": message[: LINE_BYTES_MAX // 4],
            "time_ms": time.time_ns() // 1_000_000,
            "pid": os.getpid(),
        }
        if self._slot is not None:
            line["slot"] = self._slot
        with contextlib.suppress(OSError):
            os.write(self._fd, json.dumps(line).encode()[:LINE_BYTES_MAX] + b"\n")


def start(fd: int, slot: int | None = None) -> None:
    """Send all log records of this process there, and nowhere else."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.addHandler(PipeHandler(fd, slot))
    root.setLevel(logging.INFO)
