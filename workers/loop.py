"""The life of a worker: say Ready, then receive, handle, send, until it is asked to leave or nobody asks any more."""

import gc
import logging
import os
import resource
from collections.abc import Callable
from typing import NamedTuple

from engine.base.errors import FilterRefused
from engine.base.exitcodes import WORKER_DRAINED, WORKER_ORPHANED
from engine.wire import codec
from engine.wire.messages import (
    TEXT_CHARS_MAX,
    Bye,
    Drain,
    DropFilter,
    FilterLoaded,
    FilterRefusal,
    LoadFilter,
    Message,
    Ping,
    Pong,
    Ready,
    Task,
    ToWorker,
)
from engine.wire.sockets import Dealer
from workers.kept import Usage
from workers.runner import Runner

log = logging.getLogger("workers.loop")

#: The supervisor pings every five seconds; one that was silent for three such intervals is gone.
PING_MS = 5_000
SILENT_INTERVALS_MAX = 3
#: While filters run only what they leave is collected. All else seldom leaves anything, and looking at everything that is
#: remembered takes tens of milliseconds: once an hour.
PINGS_PER_COLLECTION = 720


class Footprint(NamedTuple):
    """Memory of this process in bytes: all that is resident, and what of it is neither of a file nor shared by name."""

    resident: int
    own: int


def run(dealer: Dealer, ready: Ready, runner: Runner, usage: Usage, memory: Callable[[], Footprint]) -> int:
    """Serve until the end; returns the exit code. Raises WireError when the supervisor speaks another protocol."""
    dealer.send(codec.encode(ready))
    silent = 0
    while silent < SILENT_INTERVALS_MAX:
        data = dealer.receive(PING_MS)
        if data is None:
            silent += 1
            continue
        silent = 0
        message = codec.decode_to_worker(data)
        if isinstance(message, Drain):
            dealer.send(codec.encode(Bye("drained")))
            return WORKER_DRAINED
        answer = _handle(message, runner, usage, memory)
        if answer is not None:
            dealer.send(codec.encode(answer))
    log.warning("supervisor was silent for %d s: leaving", SILENT_INTERVALS_MAX * PING_MS // 1_000)
    return WORKER_ORPHANED


def _handle(message: ToWorker, runner: Runner, usage: Usage, memory: Callable[[], Footprint]) -> Message | None:
    if isinstance(message, Task):
        return runner.run(message)
    if isinstance(message, LoadFilter):
        return _load(message, runner)
    if isinstance(message, DropFilter):
        runner.drop(message.filter_id)
        return None
    assert isinstance(message, Ping)
    if message.sequence % PINGS_PER_COLLECTION == 0:
        gc.collect()
    now = memory()
    return Pong(message.sequence, now.resident, usage.hits, usage.misses, usage.bytes, now.own, runner.held_bytes)


def _load(message: LoadFilter, runner: Runner) -> FilterLoaded | FilterRefusal:
    try:
        return runner.load(message)
    except FilterRefused as refused:
        # The place is in fields of its own, so it is left out of the text.
        what = refused.what.partition(": ")[2]
        text = ": ".join(part for part in (what, refused.found, refused.advice) if part)
        return FilterRefusal(message.filter_id, refused.line, refused.column, refused.construct, text[:TEXT_CHARS_MAX])


def rss_reader() -> Callable[[], Footprint]:
    """A function that tells the memory of this process; it opens nothing when called."""
    fd = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    page = resource.getpagesize()

    def read() -> Footprint:
        resident, shared = (int(number) * page for number in os.pread(fd, 256, 0).split()[1:3])
        return Footprint(resident, resident - shared)

    return read
