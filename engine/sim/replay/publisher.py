"""Sends recorded frames to who subscribed to their streams: in the recorded order, when the clock shows their time."""

import asyncio
import logging
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from engine.base.errors import RecordingError
from engine.base.types import Kline
from engine.binance import messages
from engine.sim import streams
from engine.sim.clock import SimulatedClock
from engine.sim.publisher import Event, Listener, Publisher
from engine.sim.replay.knowledge import stream_key
from engine.sim.replay.market import ReplayTape
from engine.sim.replay.source import Source
from engine.sim.replay.timing import Line
from engine.sim.streams import Stream
from engine.wire.recording import Frame

log = logging.getLogger(__name__)

#: Frames played before others get a turn.
BATCH: Final = 200
#: Shortest sleep, in seconds; what falls due within it goes out together.
SLEEP_MIN_S: Final = 0.001
SLEEP_MAX_S: Final = 3_600.0


class _Wrapped(msgspec.Struct):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")


_unwrap = msgspec.json.Decoder(_Wrapped).decode


class Due(NamedTuple):
    """A recorded frame of a stream, when it is due, and, for a kline, the event in it."""

    due_ms: float
    stream: str
    payload: bytes
    kline: messages.KlineEvent | None


class RecordedEvent(Event):
    """A frame as it was received; a client of a raw stream gets the part inside."""

    __slots__ = ("_payload",)

    def __init__(self, stream: Stream, payload: bytes, *, closed: bool) -> None:
        super().__init__(stream, self._never, closed=closed)
        self._payload = payload

    def frame(self, unit: int, combined: bool) -> bytes:  # noqa: ARG002
        """As recorded, whatever unit of time was asked for."""
        return self._payload if combined else bytes(_unwrap(self._payload).data)

    @staticmethod
    def _never(_unit: int) -> str:
        raise AssertionError("a recorded event is never written anew")


def due_frames(source: Source, lines: dict[str, Line], start_ms: float) -> Iterator[Due]:
    """The frames of streams from `start_ms` on, each no earlier than the one before; others are no events, and left out."""
    previous_ms = -math.inf
    for run, record in source.records():
        if not isinstance(record, Frame):
            continue
        kline, stream = None, ""
        try:
            frame = messages.decode_kline_frame(record.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            try:
                stream = _unwrap(record.payload).stream
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
        else:
            kline, stream = frame.data, frame.stream
        line = lines.get(run)
        # A run that began to record there after all of it was read has no time here.
        if not stream or stream == messages.SHUTDOWN_STREAM or line is None:
            continue
        previous_ms = max(previous_ms, line.exchange_ms(record.monotonic_us))
        if previous_ms >= start_ms:
            yield Due(previous_ms, stream, record.payload, kline)


class ReplayPublisher(Publisher):
    """Takes the place of the publisher of made events: subscriptions as ever, frames from `frames()`."""

    def __init__(self, tape: ReplayTape, clock: SimulatedClock, frames: Callable[[], Iterator[Due]]) -> None:
        self._replayed = tape
        self._clock = clock
        self._frames = frames
        self._listeners: dict[str, dict[Listener, None]] = {}
        self._begun = asyncio.Event()

    def subscribe(self, listener: Listener, names: Iterable[str]) -> None:
        """Add a listener to streams, recorded or not; the first kline stream lets a held clock run."""
        for name in names:
            self._listeners.setdefault(name, {})[listener] = None
            if stream_key(name) is not None and self._clock.held:
                log.info("first kline stream subscribed: time begins to run")
                self._clock.release()
        self._begun.set()

    def unsubscribe(self, listener: Listener, names: Iterable[str]) -> None:
        """Take a listener off streams."""
        for name in names:
            listeners = self._listeners.get(name, {})
            listeners.pop(listener, None)
            if not listeners:
                self._listeners.pop(name, None)

    async def run(self) -> None:
        """Play all frames, then stay."""
        try:
            await self._play_all()
        except RecordingError as error:
            # Such as a segment that was removed to keep a recording within its space.
            log.error("%s; streams are silent from here on", error)
        else:
            log.info("the recording has ended; streams are silent from here on")
        await asyncio.Event().wait()

    async def _play_all(self) -> None:
        for number, due in enumerate(self._frames()):
            while (wait_s := self._clock.real_s_until(due.due_ms)) > 0:
                await self._wait(wait_s)
            self._play(due)
            if number % BATCH == BATCH - 1:
                await asyncio.sleep(0)

    async def _wait(self, wait_s: float) -> None:
        """Sleep until it is time; a held clock until somebody subscribes."""
        if not self._clock.held:
            await asyncio.sleep(min(max(wait_s, SLEEP_MIN_S), SLEEP_MAX_S))
            return
        self._begun.clear()
        await self._begun.wait()

    def _play(self, due: Due) -> None:
        closed = due.kline is not None and due.kline.kline.closed
        key = stream_key(due.stream)
        if due.kline is not None and not closed and key is not None:
            self._replayed.tell(key, Kline(*msgspec.structs.astuple(due.kline.kline)[:10]))
        listeners = self._listeners.get(due.stream)
        if listeners:
            event = RecordedEvent(self._stream(due.stream), due.payload, closed=closed)
            for listener in listeners:
                listener.deliver(event)

    def _stream(self, name: str) -> Stream:
        """What the name says, also of a kind that the simulator cannot make itself."""
        found = streams.parse(name, self._replayed.market)
        return found or Stream(name, "ticker", name.partition("@")[0].upper())
