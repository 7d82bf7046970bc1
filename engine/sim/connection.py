"""One WebSocket: hears control messages, sends events, pings, and is cut for the exchange's reasons.

`Connection.deliver` is the only way for events to a client; what loses, delays or reorders them is in `tampering`, and who
cuts, mutes or freezes sockets is `keeper`.
"""

import asyncio
import logging
import time
from collections import deque
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web

from engine.sim import control, messages
from engine.sim.control import Session
from engine.sim.limits import Throttle
from engine.sim.publisher import Event, Publisher
from engine.sim.tampering import Tampering
from engine.sim.world import World

log = logging.getLogger(__name__)

#: Frames waiting for a client that does not read, before it is cut.
BACKLOG_MAX: Final = 65_536


class Connection:
    """One client."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        session: Session,
        publisher: Publisher,
        world: World,
    ) -> None:
        self.session = session
        self.opened_s = time.monotonic()
        #: Accepted, but never says a word.
        self.silent = False
        self._socket = socket
        self._transport = transport
        self._publisher = publisher
        self._limits = world.limits
        self._faults = world.faults
        self._audit = world.audit
        self._tampering = Tampering(world.faults, self._send)
        self._throttle = Throttle(world.limits.messages_per_second)
        self._outbox: deque[tuple[bytes, WSMsgType]] = deque()
        self._filled = asyncio.Event()
        self._open_road = asyncio.Event()
        self._open_road.set()
        self._pings: dict[bytes, float] = {}
        self._close_task: asyncio.Task[bool] | None = None

    def deliver(self, event: Event) -> None:
        """Take one event; implements `publisher.Listener`."""
        frame = event.frame(self.session.unit, self.session.combined)
        if self._faults.on_events or self._tampering.holds:
            self._tampering.take(event, frame)
        else:
            self._send(frame)

    async def run(self, names: list[str]) -> None:
        """Serve the client until it leaves or is cut; `names` are the streams of its URL."""
        self.session.subscriptions.update(dict.fromkeys(names))
        self._publisher.subscribe(self, names)
        sender = asyncio.create_task(self._send_all())
        pinger = asyncio.create_task(self._ping_all())
        try:
            await self._hear()
        finally:
            self._publisher.unsubscribe(self, self.session.subscriptions)
            self._tampering.end()
            for task in (sender, pinger):
                task.cancel()
            await asyncio.gather(sender, pinger, *([self._close_task] if self._close_task else []), return_exceptions=True)
            await self._socket.close()

    def cut(self, code: int, reason: str) -> None:
        """Close the connection with a code; what waits to be sent is lost."""
        if self._close_task is None:
            self._close_task = asyncio.create_task(self._socket.close(code=code, message=reason.encode()))

    def abort(self) -> None:
        """End the connection without a word, as a broken line does."""
        self._transport.abort()

    def freeze(self) -> None:
        """Neither read nor write any more, as when the line leads nowhere; what is to be sent waits."""
        self._open_road.clear()
        self._transport.pause_reading()

    def thaw(self) -> None:
        """Go on where `freeze` stopped."""
        self._open_road.set()
        self._transport.resume_reading()

    def say_goodbye(self, event_ms: int) -> None:
        """Tell the client that it will be cut."""
        text = messages.server_shutdown(event_ms, combined=self.session.combined, unit=self.session.unit)
        self._send(text.encode())

    async def _hear(self) -> None:
        async for message in self._socket:
            await self._open_road.wait()
            in_time = self._throttle.message(time.monotonic())
            size_bytes = len(message.data) if isinstance(message.data, bytes) else len(str(message.data).encode())
            self._audit.control_frame(size_bytes, self._throttle.within_1s)
            if not in_time:
                self.cut(WSCloseCode.POLICY_VIOLATION, "Too many requests")
                return
            if self.silent:
                continue
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self._pings.pop(bytes(message.data), None)
            elif message.type is WSMsgType.TEXT and size_bytes <= self._limits.message_bytes:
                self._control(message.data)

    def _control(self, text: str) -> None:
        if self._faults.has("messages") and self._unheard(text):
            return
        outcome = control.handle(text, self.session, self._limits.streams_per_connection)
        # The reply goes out before the first event of what it promises.
        self._send(outcome.reply)
        self._publisher.subscribe(self, outcome.added)
        self._publisher.unsubscribe(self, outcome.removed)
        self._audit.streams_peak = max(self._audit.streams_peak, len(self.session.subscriptions))

    def _unheard(self, text: str) -> bool:
        """Whether a fault lets this message go unanswered."""
        now_s = time.monotonic()
        if self._faults.strike("too_many", now_s) is not None:
            self.cut(WSCloseCode.POLICY_VIOLATION, "Too many requests")
            return True
        names = control.names_to_subscribe(text)
        return names is not None and any(
            running.concerns_any(names) and running.strike() for running in self._faults.of("ignore_subscribe", now_s)
        )

    def _send(self, frame: bytes, kind: WSMsgType = WSMsgType.TEXT) -> None:
        if self.silent:
            return
        if len(self._outbox) >= BACKLOG_MAX:
            log.warning("client does not read: %d frames wait, it is cut", len(self._outbox))
            self.cut(WSCloseCode.POLICY_VIOLATION, "Slow consumer")
            return
        self._outbox.append((frame, kind))
        self._filled.set()

    async def _send_all(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._outbox:
                await self._open_road.wait()
                self._audit.events_sent += 1
                await self._socket.send_frame(*self._outbox.popleft())

    async def _ping_all(self) -> None:
        """Ping, and cut who does not answer in time or has been here for a day."""
        begun_s = time.monotonic()
        while True:
            await asyncio.sleep(self._limits.ping_every_s)
            await self._open_road.wait()
            now_s = time.monotonic()
            if self.silent:
                continue
            if any(now_s - sent_s >= self._limits.pong_within_s for sent_s in self._pings.values()):
                self.cut(WSCloseCode.POLICY_VIOLATION, "Pong timeout")
            elif now_s - begun_s >= self._limits.connection_lifetime_s:
                self.cut(WSCloseCode.GOING_AWAY, "")
            payload = str(time.time_ns() // 1_000_000).encode()
            self._pings[payload] = now_s
            await self._socket.ping(payload)
