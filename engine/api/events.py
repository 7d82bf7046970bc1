"""What happens in the engine, told to whoever listens on `/ws`; a slow listener loses its connection, never delays the engine."""

import asyncio
from typing import Any

import msgspec

#: Events kept for one listener before it is given up.
QUEUE_LENGTH_MAX = 1_000


class Listener:
    """One subscriber's bounded queue; `None` ends it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE_LENGTH_MAX + 1)
        self.lost = False

    def end(self) -> None:
        """Nothing more comes."""
        if not self.queue.full():
            self.queue.put_nowait(None)


class Events:
    """Fan-out of events, each encoded once."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()

    def subscribe(self) -> Listener:
        """A listener that gets every event from now on."""
        listener = Listener()
        self._listeners.add(listener)
        return listener

    def unsubscribe(self, listener: Listener) -> None:
        """Forget a listener."""
        self._listeners.discard(listener)

    def publish(self, kind: str, data: Any) -> None:
        """Tell all listeners; costs next to nothing while there is none."""
        if not self._listeners:
            return
        message = msgspec.json.encode({"type": kind, "data": data})
        for listener in list(self._listeners):
            if listener.queue.qsize() >= QUEUE_LENGTH_MAX:
                listener.lost = True
                self._end(listener)
            else:
                listener.queue.put_nowait(message)

    def close(self) -> None:
        """End every listener."""
        for listener in list(self._listeners):
            self._end(listener)

    def _end(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        listener.end()
