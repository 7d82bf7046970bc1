"""Files to records: a directory that `engine run --record` wrote, or one capture (`.ws`). May be read again and again.

A capture is a text file as cryptofeed writes it: line 1 is `URL <-> epoch`, every other line `epoch of receipt: JSON`.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

from engine.base.errors import RecordingError
from engine.wire import recording
from engine.wire.recording import Frame, Record

log = logging.getLogger(__name__)

CAPTURE_SUFFIX = ".ws"
ADVICE = "name a directory of `engine run --record`, or a .ws file"


class Source:
    """The records of one recording, in the order of arrival, each with the run it is of."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).expanduser()
        if self.path.is_dir():
            if not recording.segments(self.path):
                raise RecordingError("directory holds no recording", self.path, ADVICE)
        elif not (self.path.is_file() and self.path.name.endswith((CAPTURE_SUFFIX, recording.SUFFIX))):
            raise RecordingError("there is no recording", self.path, ADVICE)

    def records(self) -> Iterator[tuple[str, Record]]:
        """All of it; raises RecordingError when a file is something else."""
        if self.path.name.endswith(CAPTURE_SUFFIX):
            yield from _capture(self.path)
        elif self.path.is_file():
            yield from recording.read(self.path)
        else:
            for segment in recording.segments(self.path):
                yield from recording.read(segment)


def _capture(path: Path) -> Iterator[tuple[str, Record]]:
    """Frames of a capture; a last line without an end is torn and left out."""
    with path.open("rb") as file:
        if b" <-> " not in file.readline():
            raise RecordingError("file is no capture", path, ADVICE)
        for line in file:
            epoch, separator, payload = line.partition(b": ")
            try:
                received_us = round(float(epoch) * 1e6)
            except (ValueError, OverflowError):
                separator = b""
            else:
                separator = separator if abs(received_us) <= recording.TIME_MAX_US else b""
            if separator and line.endswith(b"\n"):
                yield "", Frame(received_us, received_us, 0, payload.rstrip(b"\r\n"))
            elif line.strip():
                log.warning("capture %s has a line that is none of its own: %r", path.name, line[:40])
