"""A trial of the lockdown: `python -m workers.probe` locks a process of its own down as a worker is, and writes what came of it.

One JSON object on stdout: `{"in_force": [...], "missing": [[measure, reason], ...], "ended_by": signal}`, where `ended_by`
names the signal that ended the process when it then asked for a socket, or is empty if nothing did.
"""

import json
import logging
import os
import signal
import socket
import sys
import threading

from workers import lockdown

log = logging.getLogger("workers.probe")

REPORT_BYTES_MAX = 65_536


def main() -> int:
    """Try it; returns the exit code."""
    reading, writing = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _be_locked_down(parent, writing)
            status = 0
        except Exception:
            log.exception("the trial failed")
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read(REPORT_BYTES_MAX)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if not told:
        sys.stderr.write(f"the process ended with {_named(status) or status} before it was locked down\n")
        return 1
    document = json.loads(told) | {"ended_by": _named(status)}
    sys.stdout.write(json.dumps(document) + "\n")
    return 0


def _be_locked_down(parent: int, writing: int) -> None:
    os.dup2(writing, 1)
    lockdown.keep_only((0, 1, 2))
    cell = lockdown.Lockdown(parent)
    cell.before_messaging()
    # A worker has a thread of its messaging by now, which has to be bound as well.
    waiting = threading.Event()
    threading.Thread(target=waiting.wait, daemon=True).start()
    report = cell.after_messaging()
    os.write(1, json.dumps({"in_force": report.in_force, "missing": report.missing}).encode())
    socket.socket()


def _named(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else ""


if __name__ == "__main__":
    sys.exit(main())
