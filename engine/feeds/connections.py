"""All connections of a feed: opened, filled, emptied and closed so that together they carry exactly the wished streams."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.binance.hosts import Hosts
from engine.binance.messages import Message
from engine.binance.streams import stream_urls
from engine.feeds.attempts_file import AttemptsFile
from engine.feeds.backoff import Attempts
from engine.feeds.connection import Connection, Terms
from engine.feeds.plan import plan

#: Age at which a socket is replaced unless told otherwise, in seconds; the exchange cuts it at 24 hours.
MAX_AGE_S = 82_800.0
#: What is counted of each connection.
COUNTED = ("reconnects", "replacements", "resubscribed", "refusals")
#: Takes each text message of a connection; see Connection.
Take = Callable[[bytes], Message | None]
#: Makes of a connection's number and its `take` another one that does more, such as recording what passes.
Tap = Callable[[int, Take], Take]


class Connections:
    """Connections to the first host of `urls` that works; these are one base address or several, joined by commas.

    See Connection for `take`, `on_subscribed` and `on_lost`; `max_streams` is the most that one connection carries. In
    `state_dir` attempts are remembered beyond this process.
    """

    def __init__(
        self,
        urls: str,
        take: Take,
        on_subscribed: Callable[[Sequence[str]], None],
        on_lost: Callable[[Sequence[str]], None],
        *,
        max_streams: int,
        silence_ms: int,
        max_age_s: float = MAX_AGE_S,
        state_dir: Path | None = None,
        tap: Tap | None = None,
    ) -> None:
        self._terms = Terms(Hosts(stream_urls(urls)), _attempts(state_dir), max_streams, silence_ms / 1e3, max_age_s)
        self._tap = tap
        self._take = take
        self._on_subscribed = on_subscribed
        self._on_lost = on_lost
        self._needed: list[str] = []
        self._open: dict[int, Connection] = {}
        self._closing: set[asyncio.Task[None]] = set()
        #: Of connections that are not needed any more.
        self._past: Counter[str] = Counter()

    def mend(self, needed: Sequence[str]) -> None:
        """Lead the connections to the wish; streams that have a place keep it."""
        self._needed = list(needed)
        self._mend()
        for connection in self._open.values():
            connection.start()

    def resubscribe(self, names: Sequence[str]) -> None:
        """Subscribe again to streams that are silent although the exchange has news of them.

        Those that are silent soon after again, or most of a connection, get another socket.
        """
        silent = frozenset(names)
        for connection in self._open.values():
            mine = sorted(silent & connection.streams)
            if mine:
                connection.resubscribe(mine)

    def hurry(self) -> None:
        """The exchange is known to be there again: connections that wait for their next attempt make it now."""
        for connection in self._open.values():
            connection.hurry()

    def _mend(self) -> None:
        current = {number: connection.streams for number, connection in self._open.items()}
        capacity = {number: connection.capacity for number, connection in self._open.items()}
        changes = plan(self._needed, current, self._terms.max_streams, capacity)
        for number, names in changes.unsubscribe.items():
            self._open[number].remove(names)
        for number, names in changes.subscribe.items():
            self._open[number].add(names)
        for number in changes.close:
            self._let_go(self._open.pop(number))
        for number, names in changes.open.items():
            connection = self._open[number] = self._make(number)
            connection.add(names)
            connection.start()

    def _make(self, number: int) -> Connection:
        return Connection(
            number,
            self._take if self._tap is None else self._tap(number, self._take),
            self._on_subscribed,
            self._on_lost,
            self._mend,
            self._terms,
        )

    def _let_go(self, connection: Connection) -> None:
        self._past.update(_counts(connection))
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
    def host(self) -> str:
        """Addresses that sockets lead to, joined by commas; one, unless a host has failed."""
        return ",".join(sorted({connection.host for connection in self._open.values()} - {""}))

    @property
    def stats(self) -> dict[str, int]:
        """What there is, and what happened since the start.

        `reconnects` are sockets made after one was lost, `replacements` those that took over before that, `resubscribed`
        streams subscribed again because they were silent or forgotten, `attempts_5m` attempts to connect in five minutes,
        those of earlier starts included.
        """
        counts = Counter(self._past)
        for connection in self._open.values():
            counts.update(_counts(connection))
        return {
            "connections": len(self._open),
            **{name: counts[name] for name in COUNTED},
            "attempts_5m": self._terms.attempts.made(time.monotonic()),
        }


def _counts(connection: Connection) -> dict[str, int]:
    return {name: getattr(connection, name) for name in COUNTED}


def _attempts(state_dir: Path | None) -> Attempts:
    if state_dir is None:
        return Attempts()
    file = AttemptsFile(state_dir)
    attempts = Attempts(note=lambda: file.note(time.time()))
    attempts.recall(file.recall(time.time()), time.monotonic())
    return attempts
