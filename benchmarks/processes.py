"""Real processes for measurements of feeds: the exchange simulator and a bare feed, started, asked, always ended."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Any

import psutil

from engine.base.types import Kline
from engine.binance.messages import decode_klines
from engine.candles.reader import Reader
from engine.candles.segment import Segment

ANSWER_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0
CLOCK_SAMPLES = 20
_OURS = ("ENGINE_", "BINANCE_", "DATABASE_URL")


class Exchange:
    """A running `engine sim`."""

    def __init__(self, rest: str, ws: str, pid: int) -> None:
        self.rest, self.ws = rest, ws
        self.process = psutil.Process(pid)

    def call(self, path: str, body: Any = None, method: str = "") -> Any:
        """One request; its JSON."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.rest + path, data=data, method=method or ("POST" if data else "GET"))
        with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as response:
            return json.loads(response.read() or b"null")

    def strike(self, kind: str, **numbers: Any) -> int:
        """Begin a fault; its number."""
        return int(self.call("/sim/faults", {"kind": kind, **numbers})["id"])

    def relent(self) -> None:
        """End all faults."""
        self.call("/sim/faults", method="DELETE")

    def audit(self) -> dict[str, Any]:
        """What clients did."""
        found: dict[str, Any] = self.call("/sim/audit")
        return found

    def truth(self, symbol: str, interval: str, start_ms: int) -> list[Kline]:
        """Closed bars from there on."""
        query = urllib.parse.urlencode({"symbol": symbol, "interval": interval, "startTime": start_ms})
        with urllib.request.urlopen(f"{self.rest}/sim/truth?{query}", timeout=ANSWER_TIMEOUT_S) as response:
            return decode_klines(response.read())

    def line(self) -> dict[str, float]:
        """What its clock shows at which monotonic second of ours, by the quickest of several answers."""
        samples = []
        for _ in range(CLOCK_SAMPLES):
            sent_s = time.monotonic()
            exchange_ms = float(self.call("/api/v3/time")["serverTime"])
            took_s = time.monotonic() - sent_s
            samples.append((took_s, {"exchange_ms": exchange_ms, "monotonic_s": sent_s + took_s / 2}))
        return min(samples, key=lambda sample: sample[0])[1]


class FeedProcess:
    """A running `benchmarks.feed_program`; `ask` leads it, `stories` tell what it holds."""

    def __init__(self, process: "subprocess.Popen[str]", log: Any) -> None:
        self._process = process
        self._log = log
        self.process = psutil.Process(process.pid)
        fd = os.open(f"/proc/{process.pid}/fd/{self._answer()['fd']}", os.O_RDONLY)
        self._segment = Segment.attach(fd)
        self._reader = Reader(self._segment)

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        """One command and its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **what}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the feed ended with {self._process.wait(STOP_TIMEOUT_S)}\n{self.log()}")
        found: dict[str, Any] = json.loads(line)
        return found

    def require(self, symbols: Sequence[str], intervals: Sequence[str]) -> int:
        """Wish for these series and no others; the exchange's time by the feed's clock, in ms."""
        return int(self.ask("require", symbols=list(symbols), intervals=list(intervals))["now_ms"])

    def wait(self, what: str, within_s: float, **more: Any) -> dict[str, Any]:
        """Wait for all series; an AssertionError with the log when they do not come."""
        found = self.ask("wait", what=what, within_s=within_s, **more)
        if not found["done"]:
            raise AssertionError(f"not {what} within {within_s:g} s: {found}\n{self.log()}")
        return found

    def log(self) -> str:
        """The end of what it logged."""
        self._log.seek(0)
        return "".join(self._log.readlines()[-40:])

    def held(self) -> dict[tuple[str, str], list[Kline]]:
        """All closed bars in shared memory, by symbol and interval."""
        found = {}
        for number, symbol in enumerate(self._reader.symbols()):
            for place, interval in enumerate(self._reader.intervals()):
                closed = self._reader.copy_closed(self._reader.series(number, place))
                rows = zip(closed.open_times.tolist(), closed.values.tolist(), strict=True)
                found[symbol, interval] = [Kline(open_ms, *values) for open_ms, values in rows]
        return found

    def end(self) -> None:
        """Close its stdin, which ends it in order; kill it when it does not."""
        self._reader.close()
        self._segment.close()
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def exchange(*arguments: str) -> Iterator[Exchange]:
    """An `engine sim` of its own."""
    command = [sys.executable, "-m", "cli", "sim", "--json", "--die-with-parent", "--port", "0", *arguments]
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(command, env=_environment(), stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                log.seek(0)
                raise AssertionError(f"the simulator did not start: {log.read()}")
            address = json.loads(line)
            yield Exchange(address["rest"], address["ws"], address["pid"])
        finally:
            process.terminate()
            process.wait(STOP_TIMEOUT_S)


@contextlib.contextmanager
def feed(where: Exchange, rings: tuple[int, int, int], **settings: Any) -> Iterator[FeedProcess]:
    """A feed of its own; `rings` are symbols, intervals and bars that its segment has room for."""
    told = {"binance_api_url": where.rest, "binance_ws_url": where.ws, **settings}
    command = [sys.executable, "-m", "benchmarks.feed_program", json.dumps(told), json.dumps(rings)]
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(
            command, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            running = FeedProcess(process, log)
            try:
                yield running
            finally:
                running.end()
        finally:
            if process.poll() is None:
                process.kill()


def cpu_s(process: psutil.Process) -> float:
    """CPU time of a process so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _environment() -> dict[str, str]:
    """Ours without what would tell an engine something; modules are found as here."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return env | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
