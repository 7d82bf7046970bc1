"""Strikes at sockets by itself: drops, freezes, ages and dismisses them. What happens to single events is `tampering`.

A loop that sleeps as long as there is no fault of this kind.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final
from weakref import WeakSet

from engine.sim.connection import Connection
from engine.sim.faults import Running
from engine.sim.world import World

#: How exactly faults begin and end, while there is one.
TICK_S: Final = 0.02


class Keeper:
    """Watches over the sockets of one simulator."""

    def __init__(self, world: World, connections: Callable[[], Iterable[Connection]]) -> None:
        self._world = world
        self._faults = world.faults
        self._connections = connections
        self._changed = asyncio.Event()
        self._rounds: dict[int, int] = {}
        self._frozen: dict[Running, list[Connection]] = {}
        self._judged: dict[Running, WeakSet[Connection]] = {}

    def wake(self) -> None:
        """There may be a new fault."""
        self._changed.set()

    async def run(self) -> None:
        """Strike when it is time, for ever."""
        while True:
            self._changed.clear()
            if not self._faults.has("sockets") and not self._frozen:
                await self._changed.wait()
            self.tick(time.monotonic())
            await asyncio.sleep(TICK_S)

    def tick(self, now_s: float) -> None:
        """Do what is due at this instant."""
        for running in list(self._faults.of("drop", now_s)):
            for connection in self._once(running, now_s):
                self._cut(connection, running)
        for running in list(self._faults.of("shutdown", now_s)):
            for connection in self._once(running, now_s):
                self._dismiss(connection, running)
        for running in list(self._faults.of("lifetime", now_s)):
            self._age(running, now_s)
        for running in list(self._faults.of("blackhole", now_s)):
            if running not in self._frozen:
                self._frozen[running] = self._struck(running)
                for connection in self._frozen[running]:
                    connection.freeze()
        self._thaw(now_s)

    def _cut(self, connection: Connection, running: Running) -> None:
        code = running.fault.numbers.get("code")
        if code is None:
            connection.abort()
        else:
            connection.cut(int(code), "")

    def _dismiss(self, connection: Connection, running: Running) -> None:
        """Say that the server goes, and go a while later."""
        connection.say_goodbye(self._world.shown_ms())
        asyncio.get_running_loop().call_later(running.number_of("s"), self._cut, connection, running)

    def _age(self, running: Running, now_s: float) -> None:
        """Cut sockets when they reach an age; each is judged once."""
        judged = self._judged.setdefault(running, WeakSet())
        for connection in list(self._connections()):
            old = now_s - connection.opened_s >= running.number_of("s")
            if old and connection not in judged and not running.done and running.concerns_any(connection.session.subscriptions):
                judged.add(connection)
                if running.strike():
                    self._cut(connection, running)

    def _thaw(self, now_s: float) -> None:
        """Let go what is frozen by a fault that is over, unless another one holds it."""
        over = [running for running in self._frozen if running.removed or now_s >= running.ends_s]
        freed = [connection for running in over for connection in self._frozen.pop(running)]
        held = {connection for frozen in self._frozen.values() for connection in frozen}
        for connection in freed:
            if connection not in held:
                connection.thaw()

    def _once(self, running: Running, now_s: float) -> list[Connection]:
        """The sockets that are struck now: in one round, or in another one every so many seconds."""
        every_s = running.fault.numbers.get("every_s")
        turn = int((now_s - running.begins_s) / every_s) if every_s else 0
        if turn <= self._rounds.get(running.number, -1):
            return []
        self._rounds[running.number] = turn
        struck = self._struck(running)
        # One round was all there is to it, though fewer sockets may have been there than it wanted.
        running.done = running.done or every_s is None
        return struck

    def _struck(self, running: Running) -> list[Connection]:
        """Sockets that one round strikes, in an order of chance."""
        there = [connection for connection in self._connections() if running.concerns_any(connection.session.subscriptions)]
        running.random.shuffle(there)
        return [connection for connection in there if not running.done and running.strike()]
