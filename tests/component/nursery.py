"""A nursery and its workers as processes, with the test in the place of the supervisor; ended by its fixture."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.base.types import INTERVAL_MS, Kline
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.pool.process import clean_environment
from engine.wire import codec
from engine.wire.messages import FilterLoaded, FilterRefusal, FromWorker, LoadFilter, Message, Ready, Task, TaskDone
from engine.wire.slots import Slots
from engine.wire.sockets import Router, identity_of

HISTORY_BARS = 100
PATIENCE_S = 60.0
WORKERS = (sys.executable, "-P", "-m", "workers")


class Bench:
    """Segment, slots, router and a nursery that is warm; `user` is who may reach the socket, if it is not root."""

    def __init__(self, home: Path, program: Sequence[str] = WORKERS, user: int | None = None) -> None:
        self.segment = Segment.create(16, 4, HISTORY_BARS + 100)
        self.writer = Writer(self.segment)
        self.symbols = tuple(self.writer.add_symbol(name) for name in ("BTCUSDT", "ETHUSDT", "SOLUSDT"))
        self.slots = Slots.create(4)
        self.endpoint = f"ipc://{home}/w.sock"
        self.router = Router(self.endpoint)
        if user is not None:
            for path in (home, home / "w.sock"):
                os.chown(path, user, user)
        self.user = user
        self.packets: list[dict[str, object]] = []
        self.log = b""
        self._log_read, self._log_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(PATIENCE_S)
        arguments = ["--control-fd", str(theirs.fileno()), "--candles-fd", str(self.segment.fd), "--slots-fd", str(self.slots.fd)]
        arguments += ["--endpoint", self.endpoint, "--history-bars", str(HISTORY_BARS)]
        self.process = subprocess.Popen(
            [*program, *arguments],
            env=clean_environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=self._log_write,
            stderr=self._log_write,
            pass_fds=(theirs.fileno(), self.segment.fd, self.slots.fd),
            process_group=0,
        )
        theirs.close()

    def packet(self, key: str) -> dict[str, object]:
        """The next packet of the nursery that has this key."""
        while True:
            data = self.control.recv(65_536)
            assert data, f"the nursery left: {self.story()}"
            packet = json.loads(data)
            self.packets.append(packet)
            if key in packet:
                return packet

    def need(self, *names: str) -> None:
        """Have indicators loaded, for workers that are forked afterwards."""
        self.control.send(json.dumps({"need": names}).encode())
        prepared = self.packet("prepared")
        assert (prepared["prepared"], prepared["problem"]) == (sorted(names), "")

    def fork(self, slot: int = 0, generation: int = 1) -> int:
        """A worker that has said Ready; returns its pid."""
        request = json.dumps({"fork": slot, "generation": generation}).encode()
        socket.send_fds(self.control, [request], [self._log_write])
        pid = self.packet("forked")["pid"]
        ready = self.receive(slot, generation)
        assert isinstance(ready, Ready), ready
        assert (ready.slot, ready.pid) == (slot, pid)
        self.ready = ready
        return int(str(pid))

    def receive(self, slot: int = 0, generation: int = 1) -> FromWorker:
        """The next message, which must be that worker's."""
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            found = self.router.receive_all()
            if found:
                assert len(found) == 1, found
                assert found[0][0] == identity_of(slot, generation)
                return codec.decode_from_worker(found[0][1])
            left_s = deadline_s - time.monotonic()
            assert left_s > 0, f"the worker said nothing: {self.story()}"
            select.select([self.router.fd], [], [], min(left_s, 0.05))

    def send(self, message: Message, slot: int = 0, generation: int = 1) -> None:
        """One message to a worker."""
        assert self.router.send(identity_of(slot, generation), codec.encode(message))

    def ask(self, message: Message, slot: int = 0, generation: int = 1) -> FromWorker:
        """One message, and the answer to it."""
        self.send(message, slot, generation)
        return self.receive(slot, generation)

    def load(self, filter_id: int, code: str) -> FilterLoaded | FilterRefusal:
        """Have worker 0 load a filter."""
        answer = self.ask(LoadFilter(filter_id, "test", code))
        assert isinstance(answer, (FilterLoaded, FilterRefusal))
        return answer

    def run(self, task: Task) -> TaskDone:
        """Have worker 0 answer a task."""
        answer = self.ask(task)
        assert isinstance(answer, TaskDone)
        assert answer.task_id == task.task_id
        return answer

    def put(self, symbol: int, interval: str, closes: Sequence[float], first_bar: int = 1) -> int:
        """Closed bars of these closes, one after the other; returns the instant at which the last one closed."""
        number = self.writer.add_interval(interval)
        length_ms = INTERVAL_MS[interval]
        for place, close in enumerate(closes, start=first_bar):
            bar = Kline(place * length_ms, close, close + 1, close - 1, close, 10.0, 10.0 * close, 5.0, 4.0, 4.0 * close)
            self.writer.put_closed(symbol, number, bar)
        return (first_bar + len(closes)) * length_ms

    def story(self) -> str:
        """What was logged, for a failed assertion."""
        with contextlib.suppress(BlockingIOError):
            self.log += os.read(self._log_read, 1_000_000)
        return self.log.decode(errors="replace")

    def end(self) -> None:
        """Nothing is left of it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self.control.close()
        self.router.close()
        self.slots.close()
        self.writer = None  # type: ignore[assignment] # its views must go before the memory
        self.segment.close()
        os.close(self._log_read)
        os.close(self._log_write)


@contextlib.contextmanager
def bench(program: Sequence[str] = WORKERS, user: int | None = None) -> Iterator[Bench]:
    """A warm nursery."""
    with tempfile.TemporaryDirectory(prefix="eng-") as home:
        made = Bench(Path(home), program, user)
        try:
            made.packet("warm")
            yield made
        finally:
            made.end()
