"""Log lines of all processes in one place: stderr of the supervisor, as text or one JSON object a line, times in UTC.

Everything passes through one `ProcessLogHandler`, the library's queue and thread, so a slow terminal never holds the event
loop. Only this process touches that queue: workers write JSON lines into a pipe of their own, because a worker that is
killed while it holds a shared queue's lock would silence all others. What comes out of a pipe is hostile and bounded.
Not here: metrics.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import re
import sys
import time
from collections.abc import Iterable
from typing import Literal, TextIO

import msgspec
from multiprocessing_logging import MultiProcessingHandler

#: Longest line taken from a pipe, in bytes; the rest of it is cut.
LINE_BYTES_MAX = 8_192
#: Lines per second and pipe that are let through on average, and how many may come at once.
LINES_PER_S = 100.0
LINES_BURST = 500.0
#: Bytes read from a pipe in one go, and reads in one turn of the loop.
READ_BYTES = 65_536
READS_MAX = 4
#: A foreign time further off than this is not believed, in seconds.
CLOCK_SLACK_S = 3_600.0

_CONTROL = dict.fromkeys((*range(32), *range(127, 160), 0x2028, 0x2029), " ")
_URL_PASSWORD = re.compile(r"(?<=://)([^\s:/@]*):[^\s@]+@")
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


class Line(msgspec.Struct, frozen=True):
    """A log line as workers and nursery write it."""

    level: str = "warning"
    name: str = ""
    message: str = ""
    time_ms: int = 0
    pid: int = 0


class _Formatter(logging.Formatter):
    """Common to both forms: UTC, and secrets never."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        # A short secret would blot out half of every line, and is none.
        self._secrets = sorted((secret for secret in secrets if len(secret) >= 6), key=len, reverse=True)

    def plain(self, text: str) -> str:
        """The text without known secrets and without passwords in URLs."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _URL_PASSWORD.sub(r"\1:***@", text)

    def formatTime(self, record: logging.LogRecord, _datefmt: str | None = None) -> str:  # noqa: N802
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        return f"{seconds}.{int(record.msecs):03d}Z"

    def trace(self, record: logging.LogRecord) -> str:
        """The traceback, if there is one."""
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        return record.exc_text or ""


class TextFormatter(_Formatter):
    """For people: time, level, process, message; a traceback on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        head = f"{self.formatTime(record)} {record.levelname.lower():<7} {record.processName} {record.name}: "
        trace = self.trace(record)
        return self.plain(head + record.getMessage() + (f"\n{trace}" if trace else ""))


class JsonFormatter(_Formatter):
    """For machines: one object a line."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "process": record.processName or "",
            "pid": record.process or 0,
            "logger": record.name,
            "message": self.plain(record.getMessage()),
        }
        trace = self.trace(record)
        if trace:
            fields["error"] = self.plain(trace)
        return msgspec.json.encode(fields).decode()


class ProcessLogHandler(MultiProcessingHandler):  # type: ignore[misc] # the library has no types
    """The library's handler for the records of this process and for lines that came out of other processes' pipes."""

    def feed(self, process: str, line: bytes) -> None:
        """Take one line of another process."""
        record = record_of(process, line)
        if record.levelno >= self.level:
            self._send(record)


def record_of(process: str, line: bytes) -> logging.LogRecord:
    """A record of a foreign line; what is not one of our JSON lines is kept as text and counts as a warning."""
    line = line[:LINE_BYTES_MAX]
    try:
        said = msgspec.json.decode(line, type=Line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = Line(message=line.decode(errors="replace"))
    name = re.sub(r"[^\w.-]", "_", said.name[:64]) or process
    message = said.message[:LINE_BYTES_MAX].translate(_CONTROL).strip()
    record = logging.LogRecord(name, _LEVELS.get(said.level, logging.WARNING), "", 0, message, None, None)
    if abs(said.time_ms / 1e3 - record.created) < CLOCK_SLACK_S:
        record.created, record.msecs = said.time_ms / 1e3, float(said.time_ms % 1000)
    record.processName, record.process = process, said.pid if 0 < said.pid < 2**22 else 0
    return record


class Logs:
    """Logging of one engine, from `start` to `close`; may be used as a context manager."""

    def __init__(
        self,
        log_format: Literal["text", "json"] = "text",
        level: str = "info",
        secrets: Iterable[str] = (),
        stream: TextIO | None = None,
    ) -> None:
        """Put one handler on the root logger in place of those that are there."""
        sink = logging.StreamHandler(stream or sys.stderr)
        sink.setFormatter(JsonFormatter(secrets) if log_format == "json" else TextFormatter(secrets))
        sink.setLevel(_LEVELS[level])
        self._handler = ProcessLogHandler("log-writer", sub_handler=sink)
        root = logging.getLogger()
        self._before = (root.level, root.handlers[:])
        root.handlers[:] = [self._handler]
        root.setLevel(_LEVELS[level])
        self._pipes: set[LogPipe] = set()

    def open_pipe(self, process: str) -> int:
        """A pipe for the lines of another process; returns the write end, which is the caller's to pass on and close.

        It is read on the running event loop until every write end is closed.
        """
        read_fd, write_fd = os.pipe()
        self._pipes = {pipe for pipe in self._pipes if pipe.is_open}
        self._pipes.add(LogPipe(process, read_fd, self._handler))
        return write_fd

    def close(self) -> None:
        """Write out what is there, and let go of the root logger; waits at most 5 s for the terminal."""
        for pipe in self._pipes:
            pipe.close()
        root = logging.getLogger()
        root.setLevel(self._before[0])
        root.handlers[:] = self._before[1]
        self._handler.close()

    def __enter__(self) -> "Logs":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class LogPipe:
    """The read end of one process's pipe, on the event loop: lines out of bytes, bounded in length and rate."""

    def __init__(self, process: str, fd: int, handler: ProcessLogHandler) -> None:
        self._process = process
        self._fd = fd
        self._handler = handler
        self._rest = b""
        self._cutting = False
        self._tokens = LINES_BURST
        self._filled_at = time.monotonic()
        self._dropped = 0
        flags = fcntl.fcntl(fd, fcntl.F_GETFL)
        fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(fd, self._readable)

    @property
    def is_open(self) -> bool:
        """Whether somebody may still write."""
        return self._fd >= 0

    def close(self) -> None:
        """Take what is left and stop reading."""
        if self._fd < 0:
            return
        if not self._loop.is_closed():
            self._readable()
        self._shut()

    def _shut(self) -> None:
        if self._fd < 0:
            return
        if self._rest and not self._cutting:
            self._pass_on(self._rest)
        self._say_dropped()
        self._rest = b""
        with contextlib.suppress(RuntimeError):
            self._loop.remove_reader(self._fd)
        os.close(self._fd)
        self._fd = -1

    def _readable(self) -> None:
        for _ in range(READS_MAX):
            try:
                data = os.read(self._fd, READ_BYTES)
            except BlockingIOError:
                return
            if not data:
                self._shut()
                return
            self._take(data)

    def _take(self, data: bytes) -> None:
        *lines, rest = (self._rest + data).split(b"\n")
        for line in lines:
            if self._cutting:
                # The tail of a line whose beginning was passed on already.
                self._cutting = False
            elif line:
                self._pass_on(line)
        if len(rest) > LINE_BYTES_MAX:
            if not self._cutting:
                self._pass_on(rest)
            self._cutting, rest = True, b""
        self._rest = rest

    def _pass_on(self, line: bytes) -> None:
        now = time.monotonic()
        self._tokens = min(LINES_BURST, self._tokens + (now - self._filled_at) * LINES_PER_S)
        self._filled_at = now
        if self._tokens < 1:
            self._dropped += 1
            return
        self._tokens -= 1
        self._say_dropped()
        self._handler.feed(self._process, line)

    def _say_dropped(self) -> None:
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            self._handler.feed(self._process, f"{dropped} log lines were dropped, it writes too many".encode())
