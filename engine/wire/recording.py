"""How a recording of the exchange's traffic is written in files, and read again. Not here: who records, and what it means.

A recording is a directory of segments, `*.rec.gz`, whose names ascend with time. A segment is one gzip stream: a line of JSON
that names the format, then records, each a line and then exactly as many bytes as the line says, and a line end:

    F <received> <monotonic> <bytes> <connection>      one text message of a WebSocket
    R <received> <monotonic> <bytes> <JSON>            one REST reply: its body; JSON holds status, target, took_us and headers

`received` is wall time and `monotonic` the machine's steady clock, both in microseconds, both at the arrival of the last byte.
So `zcat` and a pager show all of it, and the bytes are those that came. Segments of one run share `run` in their first lines;
monotonic times may be compared within a run only. A writer that was killed leaves a torn end, which readers pass over.
"""

import contextlib
import logging
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec

from engine.base.errors import RecordingError

log = logging.getLogger(__name__)

SUFFIX = ".rec.gz"
FORMAT = "engine recording 1"
#: Headers of a reply that are kept: what they say matters to a client, and none of them can be a secret.
HEADERS = ("Content-Type", "Date", "Retry-After", "X-MBX-USED-WEIGHT-1M")
#: Bytes read from a file at once.
CHUNK_BYTES = 1 << 18
#: zlib's number for a gzip stream with the largest window.
GZIP = 31
#: A record that claims to be larger is damage, not data.
RECORD_BYTES_MAX = 1 << 28
#: Nor is a time further than this from the beginning of its clock, in microseconds.
TIME_MAX_US = 1 << 62


class Frame(NamedTuple):
    """One text message of a WebSocket; times in microseconds."""

    received_us: int
    monotonic_us: int
    connection: int
    payload: bytes


class Reply(NamedTuple):
    """One REST reply; `target` is path and query, times in microseconds."""

    received_us: int
    monotonic_us: int
    took_us: int
    status: int
    target: str
    headers: Mapping[str, str]
    body: bytes


Record = Frame | Reply


class Head(msgspec.Struct, frozen=True):
    """First line of a segment: its format, and the run that wrote it."""

    format: str
    run: str


class _ReplyHead(msgspec.Struct):
    status: int
    target: str
    took_us: int = 0
    headers: dict[str, str] = msgspec.field(default_factory=dict)


_decode_head = msgspec.json.Decoder(Head).decode
_decode_reply_head = msgspec.json.Decoder(_ReplyHead).decode


def encode_head(run: str) -> bytes:
    """The first line of a segment."""
    return msgspec.json.encode(Head(FORMAT, run)) + b"\n"


def encode_frame(received_us: int, monotonic_us: int, connection: int, payload: bytes) -> bytes:
    """One text message as a record."""
    return b"F %d %d %d %d\n%b\n" % (received_us, monotonic_us, len(payload), connection, payload)


def encode_reply(reply: Reply) -> bytes:
    """One REST reply as a record."""
    head = msgspec.json.encode(_ReplyHead(reply.status, reply.target, reply.took_us, dict(reply.headers)))
    return b"R %d %d %d %b\n%b\n" % (reply.received_us, reply.monotonic_us, len(reply.body), head, reply.body)


def segments(directory: Path) -> list[Path]:
    """The segments of a directory, oldest first."""
    return sorted(path for path in directory.iterdir() if path.name.endswith(SUFFIX))


def read(path: Path) -> Iterator[tuple[str, Record]]:
    """The run and each record of one segment, in the order of arrival, as far as it is whole.

    Raises RecordingError when the file is no segment or cannot be read; a torn or damaged end is logged and passed over.
    """
    with _Source(path) as source:
        yield from _read(source, path)


def _read(source: "_Source", path: Path) -> Iterator[tuple[str, Record]]:
    first = source.line()
    if not first and source.ended:
        return  # killed before the first flush
    try:
        head = _decode_head(first)
    except msgspec.DecodeError as error:
        raise RecordingError("file is no segment of a recording", path, "name a directory of `engine run --record`") from error
    if head.format != FORMAT:
        raise RecordingError("recording is of another version", f"{path}: {head.format}", f"this one reads {FORMAT!r}")
    while True:
        try:
            record = _record(source)
        except (ValueError, msgspec.DecodeError) as error:
            log.warning("recording %s is damaged, the rest of the file is left out: %s", path.name, error)
            return
        if record is None:
            return
        yield head.run, record


def _record(source: "_Source") -> Record | None:
    """The next record; None at the end, be it torn. Raises ValueError or msgspec.DecodeError for what is no record."""
    line = source.line()
    if not line:
        return None
    kind, received_us, monotonic_us, size, rest = line.split(b" ", 4)
    if not 0 <= int(size) <= RECORD_BYTES_MAX:
        raise ValueError(f"a record of {int(size)} bytes")
    if max(abs(int(received_us)), abs(int(monotonic_us))) > TIME_MAX_US:
        raise ValueError("a record of another time")
    body = source.bytes(int(size) + 1)
    if body is None:
        return None
    if body[-1:] != b"\n":
        raise ValueError("a record does not end where it should")
    if kind == b"F":
        return Frame(int(received_us), int(monotonic_us), int(rest), body[:-1])
    if kind == b"R":
        head = _decode_reply_head(rest)
        return Reply(int(received_us), int(monotonic_us), head.took_us, head.status, head.target, head.headers, body[:-1])
    raise ValueError(f"a record of kind {kind!r}")


class _Source:
    """Decompressed bytes of a file, by lines and by counts; a torn or damaged end is an end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inflate: Any = zlib.decompressobj(GZIP)
        self._buffer = b""
        self._place = 0
        self.ended = False
        try:
            self._file = path.open("rb", buffering=0)
        except OSError as error:
            raise RecordingError("recording cannot be read", f"{path} ({error.strerror})", "check the path") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def line(self) -> bytes:
        """Up to the next line end, without it; empty at the end, also when what is left has no line end."""
        while True:
            end = self._buffer.find(b"\n", self._place)
            if end >= 0:
                line = self._buffer[self._place : end]
                self._place = end + 1
                return line
            if len(self._buffer) - self._place > RECORD_BYTES_MAX or not self._more():
                return b""

    def bytes(self, count: int) -> bytes | None:
        """So many bytes; None when there are fewer."""
        while len(self._buffer) - self._place < count:
            if not self._more():
                return None
        taken = self._buffer[self._place : self._place + count]
        self._place += count
        return taken

    def _more(self) -> bool:
        """Read on; False at the end."""
        while not self.ended:
            try:
                chunk = self._file.read(CHUNK_BYTES)
            except OSError as error:
                raise RecordingError("recording cannot be read", f"{self._path} ({error.strerror})", "check the disk") from error
            self.ended = not chunk
            if self._inflate.eof and (chunk or self._inflate.unused_data):
                self._say_damaged("something follows its end")
                return False
            before = self._inflate.copy()
            try:
                fresh = self._inflate.decompress(chunk)
            except zlib.error as error:
                self._say_damaged(error)
                fresh = _up_to_the_damage(before, chunk)
            if fresh:
                self._buffer, self._place = self._buffer[self._place :] + fresh, 0
                return True
        return False

    def _say_damaged(self, reason: object) -> None:
        self.ended = True
        log.warning("recording %s is damaged, the rest of the file is left out: %s", self._path.name, reason)


def _up_to_the_damage(inflate: Any, chunk: bytes) -> bytes:
    """What a damaged chunk still tells: the library drops all of it when any of it is wrong, so it is fed byte by byte."""
    found = bytearray()
    with contextlib.suppress(zlib.error):
        for place in range(len(chunk)):
            found += inflate.decompress(chunk[place : place + 1])
    return bytes(found)
