"""`python -m workers`: start the nursery, as the supervisor does; there is nothing here for a person to call.

--control-fd N     its end of the control channel (`workers.nursery`)
--candles-fd N     the candle segment, mapped read-only
--slots-fd N       the status slots
--endpoint URL     where workers meet the supervisor
--history-bars N   most closed bars that a filter sees
--indicator-memory-mb N   how much a worker remembers of indicators
"""

import argparse
import logging
import os
import signal
import socket
import sys

from engine.base.errors import EngineError
from engine.base.exitcodes import WORKER_BOOT_FAILED, WORKER_ORPHANED


def main() -> int:
    """Be the nursery; returns its exit code."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        # Sets of texts have one order in all processes then: a filter that loops over one answers the same in each.
        os.execve(sys.executable, sys.orig_argv, os.environ | {"PYTHONHASHSEED": "0"})  # noqa: S606
    options = _options()
    # Imported late, so that the restart above costs nothing.
    from workers import lockdown, logs

    logs.start(2)
    log = logging.getLogger("workers")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    secrets = lockdown.secrets_in(os.environ)
    if secrets:
        log.error("environment holds what filters must never see: %s: start workers without it", ", ".join(secrets))
        return WORKER_BOOT_FAILED
    control = socket.socket(fileno=options.control_fd)
    control.set_inheritable(False)
    if not lockdown.die_with_parent(os.getppid()):
        return WORKER_ORPHANED
    try:
        from workers import nursery, worker

        home = worker.Home(
            options.candles_fd, options.slots_fd, options.endpoint, options.history_bars, options.indicator_memory_mb
        )
        forking = nursery.Nursery(control, home.live)
        forking.warm()
    except (EngineError, OSError):
        log.exception("nursery cannot start")
        return WORKER_BOOT_FAILED
    return forking.serve()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m workers", description="Nursery of the workers; started by the engine.")
    for name in ("control-fd", "candles-fd", "slots-fd", "history-bars"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--indicator-memory-mb", type=int, default=256)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
