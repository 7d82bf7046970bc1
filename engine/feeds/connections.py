"""All connections of a feed: opened, filled, emptied and closed so that together they carry exactly the wished streams."""

import asyncio
from collections.abc import Callable, Sequence

from engine.binance.messages import Message
from engine.feeds.backoff import Attempts
from engine.feeds.connection import Connection
from engine.feeds.plan import plan

#: Takes each text message of a connection; see Connection.
Take = Callable[[bytes], Message | None]
#: Makes of a connection's number and its `take` another one that does more, such as recording what passes.
Tap = Callable[[int, Take], Take]


class Connections:
    """See Connection for `take`, `on_subscribed` and `on_lost`; `max_streams` is the most that one connection carries."""

    def __init__(
        self,
        url: str,
        take: Take,
        on_subscribed: Callable[[Sequence[str]], None],
        on_lost: Callable[[Sequence[str]], None],
        *,
        max_streams: int,
        silence_ms: int,
        tap: Tap | None = None,
    ) -> None:
        self._url = url
        self._tap = tap
        self._take = take
        self._on_subscribed = on_subscribed
        self._on_lost = on_lost
        self._max_streams = max_streams
        self._silence_ms = silence_ms
        self._attempts = Attempts()
        self._open: dict[int, Connection] = {}
        self._closing: set[asyncio.Task[None]] = set()
        #: Of connections that are not needed any more.
        self._past_reconnects = 0
        self._past_refusals = 0

    def mend(self, needed: Sequence[str]) -> None:
        """Lead the connections to the wish; streams that have a place keep it."""
        current = {number: connection.streams for number, connection in self._open.items()}
        changes = plan(needed, current, self._max_streams)
        for number, names in changes.unsubscribe.items():
            self._open[number].remove(names)
        for number, names in changes.subscribe.items():
            self._open[number].add(names)
        for number in changes.close:
            self._let_go(self._open.pop(number))
        for number, names in changes.open.items():
            self._open[number] = self._make(number)
            self._open[number].add(names)
        for connection in self._open.values():
            connection.start()

    def _make(self, number: int) -> Connection:
        return Connection(
            number,
            self._url,
            self._take if self._tap is None else self._tap(number, self._take),
            self._on_subscribed,
            self._on_lost,
            silence_ms=self._silence_ms,
            attempts=self._attempts,
        )

    def _let_go(self, connection: Connection) -> None:
        self._past_reconnects += connection.reconnects
        self._past_refusals += connection.refusals
        closing = asyncio.create_task(connection.close(), name=f"close of connection {connection.number}")
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """End all connections."""
        await asyncio.gather(*self._closing, *(connection.close() for connection in self._open.values()))
        self._open.clear()

    @property
    def problem(self) -> str:
        """Why a connection is not up, in one line; empty when all are."""
        found = (f"connection {number}: {one.problem}" for number, one in self._open.items() if one.problem)
        return next(found, "")

    @property
    def stats(self) -> dict[str, int]:
        """What there is, and what happened since the start."""
        return {
            "connections": len(self._open),
            "reconnects": self._past_reconnects + sum(connection.reconnects for connection in self._open.values()),
            "refusals": self._past_refusals + sum(connection.refusals for connection in self._open.values()),
        }
