"""Keeps all that the exchange sends, as it came, while the engine runs: frames and replies to a thread that writes files.

The hot path notes a frame and no more; bytes are immutable, so nothing is copied. Whatever is wrong with the disk ends the
recording, by name, and never the feed: what cannot be written is counted and let go. Not the format (`engine.wire.recording`).
"""

import asyncio
import contextlib
import logging
import queue
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.binance.messages import Message
from engine.feeds.connections import Take
from engine.feeds.recording_files import Segments
from engine.wire import recording
from engine.wire.recording import Reply

log = logging.getLogger(__name__)

#: Time between two batches for the writing thread, in seconds: what a kill of the process may cost.
SWEEP_PAUSE_S = 0.25
#: Bytes that may wait for the disk; beyond them it does not keep up.
WAITING_BYTES_MAX = 128 * 1024 * 1024
#: Time for the thread to write the rest at the end, in seconds.
CLOSE_TIMEOUT_S = 5.0
#: Object and bookkeeping of one noted record, beside its bytes.
OVERHEAD_BYTES = 200

#: A frame as noted on the hot path: connection, monotonic ns, text.
_Noted = tuple[int, int, bytes]


class Recorder:
    """Records into `directory`, at most `max_mb` megabytes of it; `start`, then `tap` and `reply`, then `close`."""

    def __init__(self, directory: str, max_mb: int, *, waiting_bytes_max: int = WAITING_BYTES_MAX) -> None:
        self._segments = Segments(Path(directory).expanduser().absolute(), uuid.uuid4().hex, max_mb * 1024 * 1024)
        self._waiting_bytes_max = waiting_bytes_max
        self._noted: list[_Noted | Reply] = []
        self._batches: queue.SimpleQueue[list[_Noted | Reply] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="recording", daemon=True)
        self._sweeper: asyncio.Task[None] | None = None
        self._seen = 0
        self._handed_bytes = 0
        # These are written by the thread alone.
        self._written_bytes = 0
        self._recorded = 0
        self._failure = ""
        #: Why nothing is recorded any more; empty while all is.
        self.problem = ""

    def start(self) -> None:
        """Open the first file and begin to write; raises RecordingError when the directory cannot be used."""
        self._segments.open()
        self._thread.start()
        self._sweeper = asyncio.create_task(self._sweep_forever(), name="recording")
        log.info("recording to %s", self._segments.directory)

    async def close(self) -> None:
        """Write what is noted and end the newest file; a disk that does not answer is not waited for for long."""
        if self._sweeper is None:
            return
        self._sweeper.cancel()
        await asyncio.gather(self._sweeper, return_exceptions=True)
        self._sweeper = None
        self._sweep()
        self._batches.put(None)
        await asyncio.to_thread(self._thread.join, CLOSE_TIMEOUT_S)
        self._notice_failure()
        if self._thread.is_alive() and not self.problem:
            self._stop(f"the disk of {self._segments.directory} does not answer")

    @property
    def stats(self) -> dict[str, int]:
        """Records and bytes (in memory, before compression) written, and records that could not be."""
        lost = self._seen - self._recorded if self.problem else 0
        return {"recorded": self._recorded, "recorded_bytes": self._written_bytes, "unrecorded": lost}

    # --- what is noted ----------------------------------------------------------------------------------------------

    def tap(self, number: int, take: Take) -> Take:
        """`take` of a connection, noting each message before."""
        note, now_ns = self._noted.append, time.monotonic_ns

        def noting(payload: bytes) -> Message | None:
            note((number, now_ns(), payload))
            return take(payload)

        return noting

    def reply(self, target: str, status: int, headers: Mapping[str, str], body: bytes, sent_s: float, received_s: float) -> None:
        """Note a reply of the REST interface; the times are those of the monotonic clock."""
        kept = {name: headers[name] for name in recording.HEADERS if name in headers}
        took_us, monotonic_us = round((received_s - sent_s) * 1e6), round(received_s * 1e6)
        self._noted.append(Reply(monotonic_us + _wall_ahead_us(), monotonic_us, took_us, status, target, kept, body))

    # --- to the thread ----------------------------------------------------------------------------------------------

    async def _sweep_forever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_PAUSE_S)
            self._sweep()

    def _sweep(self) -> None:
        """Hand over what was noted, or let it go when recording has stopped."""
        self._notice_failure()
        # The list itself stays: taps hold on to its `append`.
        batch = self._noted[:]
        self._noted.clear()
        if not batch:
            return
        size = _size(batch)
        if not self.problem and self._handed_bytes - self._written_bytes + size > self._waiting_bytes_max:
            self._stop(f"the disk of {self._segments.directory} does not keep up")
        self._seen += len(batch)
        if not self.problem:
            self._handed_bytes += size
            self._batches.put(batch)

    def _notice_failure(self) -> None:
        if self._failure and not self.problem:
            self._stop(self._failure)

    def _stop(self, reason: str) -> None:
        self.problem = f"recording has stopped: {reason}"
        log.error("%s; the engine goes on, and nothing more is recorded until it is started again", self.problem)
        self._batches.put(None)

    # --- the thread -------------------------------------------------------------------------------------------------

    def _write_all(self) -> None:
        try:
            while (batch := self._batches.get()) is not None:
                wall_ahead_us = _wall_ahead_us()
                self._segments.write(b"".join(_encode(one, wall_ahead_us) for one in batch))
                self._written_bytes += _size(batch)
                self._recorded += len(batch)
            self._segments.close()
        except OSError as error:
            self._segments.abandon()
            self._failure = f"{self._segments.directory} cannot be written ({error.strerror or error})"
        except Exception as error:
            # A mistake of ours: it must be told, and must not leave a queue that nobody empties.
            log.exception("recording failed")
            self._segments.abandon()
            self._failure = f"a mistake of ours ({error!r})"
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """Nobody takes what still waits: a disk that hung before it failed may have left much of it."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._batches.get_nowait()


def _encode(noted: _Noted | Reply, wall_ahead_us: int) -> bytes:
    if isinstance(noted, Reply):
        return recording.encode_reply(noted)
    number, monotonic_ns, payload = noted
    monotonic_us = monotonic_ns // 1_000
    return recording.encode_frame(monotonic_us + wall_ahead_us, monotonic_us, number, payload)


def _size(batch: Sequence[_Noted | Reply]) -> int:
    """Bytes that a batch takes in memory, about."""
    return sum(len(one[-1]) for one in batch) + OVERHEAD_BYTES * len(batch)


def _wall_ahead_us() -> int:
    """How far this machine's wall clock is ahead of its monotonic one."""
    return (time.time_ns() - time.monotonic_ns()) // 1_000
