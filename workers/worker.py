"""One worker, from the fork to its end: what it maps, what it gives up, whom it talks to."""

import logging
import os

from engine.base.errors import WireError
from engine.base.exitcodes import WORKER_BOOT_FAILED, WORKER_ORPHANED
from engine.candles.reader import Reader
from engine.candles.segment import Segment
from engine.wire.messages import Ready
from engine.wire.slots import Slots
from engine.wire.sockets import Dealer, identity_of
from workers import lockdown, logs, loop
from workers.deadline import Deadline
from workers.market import Market
from workers.memory import Memory
from workers.runner import Runner

log = logging.getLogger("workers.worker")


class Home:
    """What the nursery has mapped for all workers to come."""

    def __init__(self, candles_fd: int, slots_fd: int, endpoint: str, history_bars: int, indicator_memory_mb: int) -> None:
        """Raises LayoutMismatch when the memory is of another version."""
        self._segment = Segment.attach(candles_fd)
        self._slots_fd = slots_fd
        self._endpoint = endpoint
        # Empty, and never used here: made once, so that a fork need not.
        self._memory = Memory(indicator_memory_mb * 1024**2)
        self._market = Market(Reader(self._segment), history_bars, self._memory)
        self._nursery_pid = os.getpid()

    def live(self, slot: int, generation: int) -> int:
        """The life of the worker in that slot, in its own process; returns its exit code."""
        logs.start(2, slot)
        writer = Slots.own(self._slots_fd, slot)
        lockdown.keep_only((0, 1, 2))
        try:
            cell = lockdown.Lockdown(self._nursery_pid)
            rss_bytes = loop.rss_reader()
            runner = Runner(self._market, self._memory, writer, Deadline())
            cell.before_messaging()
            dealer = Dealer(self._endpoint, identity_of(slot, generation))
            report = cell.after_messaging()
        except lockdown.Orphaned:
            return WORKER_ORPHANED
        if report.missing:
            log.warning("not in force: %s", ", ".join(f"{name} ({reason})" for name, reason in report.missing))
        ready = Ready(slot, os.getpid(), in_force=report.in_force, missing=report.missing)
        try:
            code = loop.run(dealer, ready, runner, self._memory.usage, rss_bytes)
        except WireError as error:
            log.error("supervisor speaks another protocol: %s", error)
            return WORKER_BOOT_FAILED
        dealer.close()
        return code
