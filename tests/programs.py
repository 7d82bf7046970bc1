"""Running the product as its user does: as a program, with a home of its own, always ended by its fixture."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tests.data import ROOT


@contextlib.contextmanager
def home() -> Iterator[Path]:
    """A short path that other users may enter, as unix sockets and an embedded database of root need; removed afterwards."""
    path = Path(tempfile.mkdtemp(prefix="eng-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        link = path / "postgres"
        if link.is_symlink():
            shutil.rmtree(link.resolve(), ignore_errors=True)
        shutil.rmtree(path, ignore_errors=True)


def environment(engine_home: Path | None = None, **extra: str) -> dict[str, str]:
    """The environment of a program under test: nothing of the product's own variables but what is given."""
    product = ("ENGINE_", "BINANCE_", "DATABASE_URL")
    env = {name: value for name, value in os.environ.items() if not name.startswith(product)}
    if engine_home is not None:
        env["ENGINE_HOME"] = str(engine_home)
    return env | extra


class Program:
    """One `engine …` process whose output is read as it comes."""

    def __init__(self, arguments: Sequence[str], env: dict[str, str], launcher: Sequence[str] = ()) -> None:
        self.started_s = time.monotonic()
        self.process = subprocess.Popen(
            [*launcher, sys.executable, "-m", "cli", *arguments],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        self.out: list[str] = []
        self.err: list[str] = []
        self._changed = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.out), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self.err), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Iterator[str], lines: list[str]) -> None:
        for line in stream:
            with self._changed:
                lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, pattern: str, timeout_s: float = 60.0, *, stream: str = "err") -> str:
        """The first line that the pattern is found in; an AssertionError with all output when it does not come."""
        lines = self.err if stream == "err" else self.out
        wanted = re.compile(pattern)
        deadline_s = time.monotonic() + timeout_s
        seen = 0
        with self._changed:
            while True:
                for line in lines[seen:]:
                    if wanted.search(line):
                        return line
                seen = len(lines)
                left_s = deadline_s - time.monotonic()
                ended = self.process.poll() is not None and not any(reader.is_alive() for reader in self._readers)
                if left_s <= 0 or ended:
                    raise AssertionError(f"{pattern!r} did not come\n{self.story()}")
                self._changed.wait(min(left_s, 0.5))

    def wait(self, timeout_s: float = 60.0) -> int:
        """Its exit code, once all its output has been read."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"it did not end within {timeout_s} s\n{self.story()}") from error
        for reader in self._readers:
            reader.join(5)
        return code

    def stop(self, number: int = signal.SIGTERM, timeout_s: float = 30.0) -> int:
        """Ask it to stop and wait."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait(timeout_s)

    def end(self) -> None:
        """Whatever its state: gone, with everything in its process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        for reader in self._readers:
            reader.join(5)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def story(self) -> str:
        """All it said, for a failed assertion."""
        out, err = "\n".join(self.out[-60:]), "\n".join(self.err[-60:])
        return f"exit code {self.process.poll()}\n--- stdout\n{out}\n--- stderr\n{err}"


@contextlib.contextmanager
def program(*arguments: str, env: dict[str, str], launcher: Sequence[str] = ()) -> Iterator[Program]:
    """A running `engine …`, ended on the way out; `launcher` is a program that becomes it."""
    running = Program(arguments, env, launcher)
    try:
        yield running
    finally:
        running.end()


def run(*arguments: str, env: dict[str, str], timeout_s: float = 60.0, launcher: Sequence[str] = ()) -> Program:
    """`engine …` to its end."""
    with program(*arguments, env=env, launcher=launcher) as running:
        running.wait(timeout_s)
        return running


class SimulatorAddress(msgspec.Struct):
    """What `engine sim --json` says first."""

    rest: str
    ws: str
    pid: int

    @property
    def env(self) -> dict[str, str]:
        """Settings that point an engine at it."""
        return {"BINANCE_API_URL": self.rest, "BINANCE_WS_URL": self.ws}


@contextlib.contextmanager
def simulator(*arguments: str) -> Iterator[SimulatorAddress]:
    """A running exchange simulator."""
    with program("sim", "--json", "--port", "0", *arguments, env=environment()) as running:
        yield msgspec.json.decode(running.wait_for("rest", stream="out"), type=SimulatorAddress)
