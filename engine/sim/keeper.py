"""Strikes at sockets by itself: drops them when a fault says so. What happens to single events is `tampering`.

A loop that sleeps as long as there is no fault of this kind.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

from engine.sim.connection import Connection
from engine.sim.faults import Faults, Running

#: How exactly faults begin and end, while there is one.
TICK_S: Final = 0.02


class Keeper:
    """Watches over the sockets of one simulator."""

    def __init__(self, faults: Faults, connections: Callable[[], Iterable[Connection]]) -> None:
        self._faults = faults
        self._connections = connections
        self._changed = asyncio.Event()
        self._rounds: dict[int, int] = {}

    def wake(self) -> None:
        """There may be a new fault."""
        self._changed.set()

    async def run(self) -> None:
        """Strike when it is time, for ever."""
        while True:
            self._changed.clear()
            if not self._faults.has("sockets"):
                await self._changed.wait()
            self.tick(time.monotonic())
            await asyncio.sleep(TICK_S)

    def tick(self, now_s: float) -> None:
        """Do what is due at this instant."""
        for running in list(self._faults.of("drop", now_s)):
            self._drop(running, now_s)

    def _drop(self, running: Running, now_s: float) -> None:
        """Cut the sockets there are: once, or again every so many seconds."""
        every_s = running.fault.numbers.get("every_s")
        turn = int((now_s - running.begins_s) / every_s) if every_s else 0
        if turn <= self._rounds.get(running.number, -1):
            return
        self._rounds[running.number] = turn
        for connection in self._struck(running):
            code = running.fault.numbers.get("code")
            if code is None:
                connection.abort()
            else:
                connection.cut(int(code), "")
        # One round was all there is to it, though fewer sockets may have been there than it wanted.
        running.done = running.done or every_s is None

    def _struck(self, running: Running) -> list[Connection]:
        """Sockets that one round strikes, in an order of chance."""
        there = [connection for connection in self._connections() if running.concerns_any(connection.session.subscriptions)]
        running.random.shuffle(there)
        return [connection for connection in there if not running.done and running.strike()]
