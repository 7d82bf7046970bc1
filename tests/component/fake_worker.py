"""A nursery and workers in miniature, which speak the protocol and misbehave on request.

What a filter does is its code: `yes`, `no`, `refuse`, `crash`, `hang`, `exit`, `lie` (an answer for other symbols), `nonsense`
(bytes that are no message), `flood` (answers nobody asked for), `slow 20` (ms a symbol), `crash_loading`, `pid`.
Run as a program it takes the arguments of `python -m workers`; `--dies` before them ends the nursery at once.
"""

import argparse
import ctypes
import json
import os
import select
import signal
import socket
import sys
import time

from engine.wire.codec import decode_to_worker, encode
from engine.wire.messages import (
    Bye,
    Drain,
    DropFilter,
    Fault,
    FilterLoaded,
    FilterRefusal,
    FilterResult,
    LoadFilter,
    Match,
    Ping,
    Pong,
    Ready,
    Task,
    TaskDone,
)
from engine.wire.slots import Slots
from engine.wire.sockets import Dealer, identity_of

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class FakeWorker:
    def __init__(self, endpoint: str, slots_fd: int, slot: int, generation: int) -> None:
        self.dealer = Dealer(endpoint, identity_of(slot, generation))
        self.status = Slots.attach(slots_fd).writer(slot)
        self.slot = slot
        self.filters: dict[int, str] = {}

    def run(self) -> int:
        self.dealer.send(encode(Ready(self.slot, os.getpid())))
        while True:
            data = self.dealer.receive(15_000)
            if data is None:
                return 71
            message = decode_to_worker(data)
            match message:
                case LoadFilter():
                    self.load(message)
                case DropFilter(filter_id):
                    self.filters.pop(filter_id, None)
                case Task():
                    self.do(message)
                case Ping(sequence):
                    self.dealer.send(encode(Pong(sequence, 1000, 2, 3)))
                case Drain():
                    self.dealer.send(encode(Bye("asked to")))
                    self.dealer.close()
                    return 0

    def load(self, message: LoadFilter) -> None:
        if message.code == "crash_loading":
            os.abort()
        if message.code == "refuse":
            self.dealer.send(encode(FilterRefusal(message.filter_id, 3, 4, "import", "write\x1b[31m it otherwise")))
            return
        self.filters[message.filter_id] = message.code
        loaded = FilterLoaded(message.filter_id, "5m", ("top:100",), ("5m", "1h"), 200)
        self.dealer.send(encode(loaded))

    def do(self, task: Task) -> None:
        results: list[FilterResult] = []
        for step_number, step in enumerate(task.steps):
            for item_number, item in enumerate(step.items):
                for filter_id in item.filter_ids:
                    self.status.begin(task.task_id, filter_id, time.monotonic_ns())
                    matches, faults = self.ask(self.filters[filter_id], item.symbols)
                    results.append(FilterResult(step_number, item_number, filter_id, 10, matches, faults))
        self.status.idle()
        self.dealer.send(encode(TaskDone(task.task_id, tuple(results), 0, 0)))

    def ask(self, code: str, symbols: tuple[int, ...]) -> tuple[tuple[Match, ...], tuple[Fault, ...]]:  # noqa: C901 (a list of tricks)
        word, _, argument = code.partition(" ")
        match word:
            case "yes":
                return tuple(Match(symbol) for symbol in symbols), ()
            case "pid":
                return tuple(Match(symbol, json.dumps({"pid": os.getpid()})) for symbol in symbols), ()
            case "fault":
                return (), tuple(Fault(symbol, "exception", 7, "Zero\x00Division") for symbol in symbols)
            case "slow":
                time.sleep(int(argument) / 1e3 * len(symbols))
            case "crash":
                os.abort()
            case "hang":
                while True:
                    signal.pause()
            case "exit":
                os._exit(0)
            case "lie":
                return (Match(999_999),), ()
            case "nonsense":
                self.dealer.send(b"\xff\xfenonsense")
            case "huge":
                self.dealer.send(bytes(int(argument)))
            case "flood":
                for number in range(100):
                    self.dealer.send(encode(TaskDone(10_000 + number, (), 0, 0)))
        return (), ()


def log_line(message: str) -> None:
    line = {"level": "info", "name": "fake", "message": message, "time_ms": int(time.time() * 1e3), "pid": os.getpid()}
    os.write(2, json.dumps(line).encode() + b"\n")


def fork(control: socket.socket, arguments: argparse.Namespace, request: dict[str, int], log_fd: int) -> None:
    pid = os.fork()
    if pid == 0:
        die_with_parent()
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        control.close()
        os.dup2(log_fd, 1)
        os.dup2(log_fd, 2)
        log_line("worker begins")
        code = 70
        try:
            code = FakeWorker(arguments.endpoint, arguments.slots_fd, request["fork"], request["generation"]).run()
        finally:
            os._exit(code)
    os.close(log_fd)
    tell(control, forked=request["fork"], generation=request["generation"], pid=pid)


def tell(control: socket.socket, **packet: object) -> None:
    control.send(json.dumps(packet).encode())


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--control-fd", "--candles-fd", "--slots-fd", "--history-bars", "--indicator-memory-mb"):
        parser.add_argument(name, type=int)
    parser.add_argument("--endpoint")
    parser.add_argument("--dies", action="store_true")
    arguments = parser.parse_args()
    die_with_parent()
    control = socket.socket(fileno=arguments.control_fd)
    if arguments.dies:
        print("the fake nursery cannot go on", file=sys.stderr)
        sys.exit(70)
    tell(control, warming=[1, 2, "sma"])
    signal.signal(signal.SIGCHLD, lambda *_: None)
    wake_read, wake_write = socket.socketpair()
    wake_write.setblocking(False)
    signal.set_wakeup_fd(wake_write.fileno())
    tell(control, warm=True)
    log_line("nursery is warm")
    serve(control, wake_read, arguments)


def serve(control: socket.socket, wake: socket.socket, arguments: argparse.Namespace) -> None:
    while True:
        readable, _, _ = select.select([control, wake], [], [])
        if wake in readable:
            wake.recv(100)
            while True:
                try:
                    pid, status = os.waitpid(-1, os.WNOHANG)
                except ChildProcessError:
                    break
                if pid == 0:
                    break
                tell(control, exited=pid, status=os.waitstatus_to_exitcode(status))
        if control in readable:
            data, fds, _, _ = socket.recv_fds(control, 65536, 4)
            request = json.loads(data) if data else {"stop": True}
            if "stop" in request:
                sys.exit(0)
            fork(control, arguments, request, fds[0])


if __name__ == "__main__":
    main()
