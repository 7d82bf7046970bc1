"""What faults do to the events of one connection: lose, spoil, repeat, delay and reorder them.

`fate` decides, and is pure; `Tampering` does it with timers. What is held back never holds back the rest.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from aiohttp import WSMsgType

from engine.sim.faults import Faults, Running
from engine.sim.malformed import spoil
from engine.sim.publisher import Event

Send = Callable[[bytes, WSMsgType], None]


class Fate(NamedTuple):
    """What happens to one event: `spoiler` is the fault that makes nonsense of it, `depth` how many overtake it."""

    lost: bool = False
    spoiler: Running | None = None
    copies: int = 1
    delay_s: float = 0.0
    depth: int = 0
    patience_s: float = 0.0


#: Nothing happens.
PASSES: Final = Fate()


def fate(faults: Faults, event: Event, now_s: float) -> Fate:
    """What the faults of this instant do to an event."""
    # A revision is no close that could be omitted: else nobody could know of it.
    if event.closed and not event.again and _strike(faults, "omit_closes", event, now_s) is not None:
        return Fate(lost=True)
    told = Fate(spoiler=_strike(faults, "malformed", event, now_s))
    if (running := _strike(faults, "duplicate", event, now_s)) is not None:
        told = told._replace(copies=int(running.number_of("copies")))
    if (running := _strike(faults, "delay", event, now_s)) is not None:
        told = told._replace(delay_s=running.number_of("ms") / 1e3)
    elif (running := _strike(faults, "reorder", event, now_s)) is not None:
        told = told._replace(depth=int(running.number_of("depth")), patience_s=running.number_of("ms") / 1e3)
    return told


def _strike(faults: Faults, kind: str, event: Event, now_s: float) -> Running | None:
    for running in faults.of(kind, now_s):
        which = running.fault.words.get("events", "all")
        if which != "all" and (which == "closes") != event.closed:
            continue
        if running.concerns(event.stream.symbol, event.stream.interval) and running.strike():
            return running
    return None


class _Held:
    """A frame that waits until others have overtaken it."""

    __slots__ = ("frame", "kind", "left", "timer")

    def __init__(self, frame: bytes, kind: WSMsgType, left: int, timer: asyncio.TimerHandle) -> None:
        self.frame = frame
        self.kind = kind
        self.left = left
        self.timer = timer


class Tampering:
    """The way of events to one client."""

    def __init__(self, faults: Faults, send: Send) -> None:
        self._faults = faults
        self._send = send
        self._held: dict[int, _Held] = {}
        self._numbers = 0
        self._delayed: set[asyncio.TimerHandle] = set()

    @property
    def holds(self) -> bool:
        """Whether something waits to be overtaken, so that events must go on coming this way."""
        return bool(self._held)

    def take(self, event: Event, frame: bytes) -> None:
        """Send an event's frame, or what becomes of it."""
        happens = fate(self._faults, event, time.monotonic())
        kind = WSMsgType.TEXT
        if happens.lost:
            return
        if happens.spoiler is not None:
            frame, kind = spoil(frame, happens.spoiler.fault.words["form"], happens.spoiler.random)
        for _ in range(happens.copies):
            if happens.delay_s:
                self._delay(frame, kind, happens.delay_s)
            elif happens.depth:
                self._hold(frame, kind, happens)
            else:
                self._send(frame, kind)
        if not happens.delay_s and not happens.depth:
            self._overtake()

    def end(self) -> None:
        """Forget what has not been sent; the client is gone."""
        for timer in (*self._delayed, *(held.timer for held in self._held.values())):
            timer.cancel()
        self._delayed.clear()
        self._held.clear()

    def _delay(self, frame: bytes, kind: WSMsgType, delay_s: float) -> None:
        def send() -> None:
            self._delayed.discard(timer)
            self._send(frame, kind)

        timer = asyncio.get_running_loop().call_later(delay_s, send)
        self._delayed.add(timer)

    def _hold(self, frame: bytes, kind: WSMsgType, happens: Fate) -> None:
        self._numbers += 1
        timer = asyncio.get_running_loop().call_later(happens.patience_s, self._release, self._numbers)
        self._held[self._numbers] = _Held(frame, kind, happens.depth, timer)

    def _overtake(self) -> None:
        """One event went past what is held."""
        for number, held in list(self._held.items()):
            held.left -= 1
            if held.left <= 0:
                self._release(number)

    def _release(self, number: int) -> None:
        held = self._held.pop(number)
        held.timer.cancel()
        self._send(held.frame, held.kind)
