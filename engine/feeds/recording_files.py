"""The files of a recording: one segment at a time, compressed, and never more of them than there may be.

Runs in the recorder's thread. What was written is readable by others after each `write`, also when the process is killed then.
The format is that of `engine.wire.recording`.
"""

import contextlib
import logging
import os
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from engine.base.errors import RecordingError
from engine.wire import recording

log = logging.getLogger(__name__)

#: A segment is closed when it is that old or that large, whichever comes first; one of a small allowance is smaller.
SEGMENT_AGE_S = 3_600.0
SEGMENT_BYTES = 64 * 1024 * 1024
SEGMENTS_MIN = 8
#: zlib's level: on frames of this exchange 6 takes three times as long as 1 and saves a sixth of the disk.
LEVEL = 1


class Segments:
    """Writes records into the newest segment of `directory`; all segments together hold at most `max_bytes`."""

    def __init__(
        self, directory: Path, run: str, max_bytes: int, *, now_s: Callable[[], float] = time.time, age_s: float = SEGMENT_AGE_S
    ) -> None:
        self.directory = directory
        self._run = run
        self._max_bytes = max_bytes
        self._segment_bytes = min(SEGMENT_BYTES, max(1, max_bytes // SEGMENTS_MIN))
        self._now_s = now_s
        self._age_s = age_s
        self._file: BinaryIO | None = None
        self._deflate: Any = None
        self._size = 0
        self._began_s = self._named_s = 0.0
        self._count = 0

    def open(self) -> None:
        """Make the directory and the first segment; raises RecordingError when that cannot be done."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._begin()
        except OSError as error:
            found = f"{self.directory} ({error.strerror})"
            raise RecordingError("recording cannot be written", found, "choose another --record, or make room") from error

    def write(self, data: bytes) -> None:
        """Append whole records; they can be read by others when this returns. Raises OSError."""
        if self._size >= self._segment_bytes or self._now_s() - self._began_s >= self._age_s:
            self._end()
            self._begin()
        self._put(self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH))

    def close(self) -> None:
        """End the newest segment. Raises OSError."""
        if self._file is not None:
            self._end()

    def abandon(self) -> None:
        """Let go of the newest segment as it is: what is written is readable."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def _begin(self) -> None:
        self._make_room()
        self._began_s = self._now_s()
        self._count += 1
        # A clock that is set back must not put what is recorded later before what was recorded earlier.
        self._named_s = max(self._began_s, self._named_s)
        moment = datetime.fromtimestamp(self._named_s, UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        path = self.directory / f"{moment}-{os.getpid()}-{self._count:06d}{recording.SUFFIX}"
        # Unbuffered: what is handed to the system outlives this process.
        self._file = path.open("xb", buffering=0)
        self._deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, recording.GZIP)
        self._size = 0
        self._put(self._deflate.compress(recording.encode_head(self._run)) + self._deflate.flush(zlib.Z_SYNC_FLUSH))

    def _end(self) -> None:
        assert self._file is not None
        try:
            self._put(self._deflate.flush(zlib.Z_FINISH))
        finally:
            self._file.close()
            self._file = None

    def _put(self, data: bytes) -> None:
        assert self._file is not None
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self._size += len(data)

    def _make_room(self) -> None:
        """Remove the oldest segments until another one fits into the allowance."""
        found = recording.segments(self.directory)
        sizes = [_size(path) for path in found]
        excess = sum(sizes) + self._segment_bytes - self._max_bytes
        for path, size in zip(found, sizes, strict=True):
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            log.info("recording: %s removed to keep within the disk space allowed", path.name)
            excess -= size


def _size(path: Path) -> int:
    """Bytes of a file; none when somebody has just removed it."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
