"""One WebSocket to the exchange: connected for ever, subscribed to what is wished, replaced when it falls silent.

Not here: which streams travel on it, and what their events mean. The only module that knows the WebSocket library.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import picows

from engine.binance.messages import Message, Reply, Shutdown
from engine.binance.streams import FRAME_PAUSE_S, ControlFrame, control_frames
from engine.feeds.backoff import RECONNECT_FIRST_S, RECONNECT_MAX_S, Attempts, full_jitter_s

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 15.0
#: A control frame without an answer for so long was lost, and with it the order of things.
ACK_TIMEOUT_S = 5.0
#: Pause after the exchange refused a control frame.
REFUSED_PAUSE_S = 5.0
CLOSE_TIMEOUT_S = 1.0
#: The silence allowed doubles with each connection that delivered nothing at all, up to so many times.
SILENCE_DOUBLINGS_MAX = 5
#: Longest message put together from fragments, in bytes.
MESSAGE_BYTES_MAX: Final = 16 * 1024 * 1024

_TEXT = picows.WSMsgType.TEXT
_CONTINUATION = picows.WSMsgType.CONTINUATION
_CLOSE = picows.WSMsgType.CLOSE
#: The library tells of each connect and disconnect; we do so ourselves.
_quiet = logging.getLogger(f"{__name__}.picows")
_quiet.setLevel(logging.WARNING)


class Connection:
    """Keeps one socket to `url` open and subscribed; `start` begins, `close` ends it.

    `take(payload)` gets each text message and returns those that are not events for others. `on_subscribed(names)` tells that
    the exchange confirmed streams, `on_lost(names)` that they are gone with their socket.
    """

    def __init__(
        self,
        number: int,
        url: str,
        take: Callable[[bytes], Message | None],
        on_subscribed: Callable[[Sequence[str]], None],
        on_lost: Callable[[Sequence[str]], None],
        *,
        silence_ms: int,
        attempts: Attempts,
    ) -> None:
        self.number = number
        self._url = url
        self._take = take
        self._on_subscribed = on_subscribed
        self._on_lost = on_lost
        self._silence_s = silence_ms / 1e3
        self._attempts = attempts
        self._wish: dict[str, None] = {}
        self._live: set[str] = set()
        self._changed = asyncio.Event()
        self._replies: dict[int, asyncio.Future[Reply]] = {}
        self._next_id = 1
        self._task: asyncio.Task[None] | None = None
        self._ending: asyncio.Future[str] | None = None
        #: Events received, over all sockets of this connection.
        self.events = 0
        self.connects = 0
        self.refusals = 0
        #: Why the last socket ended, or could not be opened; empty while one is up.
        self.problem = "not connected yet"

    @property
    def streams(self) -> frozenset[str]:
        """The streams that should travel on this connection."""
        return frozenset(self._wish)

    @property
    def reconnects(self) -> int:
        """How many sockets there have been beyond the first."""
        return max(0, self.connects - 1)

    def add(self, names: Iterable[str]) -> None:
        """Let these streams travel here too."""
        self._wish.update(dict.fromkeys(names))
        self._changed.set()

    def remove(self, names: Iterable[str]) -> None:
        """Let these streams travel here no more."""
        for name in names:
            self._wish.pop(name, None)
        self._changed.set()

    def start(self) -> None:
        """Begin to connect; begin again if a mistake of ours ended what was begun before."""
        if self._task is not None:
            if not self._task.done():
                return
            log.error("connection %d: ended by mistake, begins again", self.number, exc_info=self._task.exception())
        self._task = asyncio.create_task(self._run(), name=f"connection {self.number}")

    async def close(self) -> None:
        """End the connection and the attempts to make one."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def replace(self, reason: str) -> None:
        """End the socket that is up, if any; another is made at once."""
        if self._ending is not None and not self._ending.done():
            self._ending.set_result(reason)

    # --- the life of a connection: socket after socket --------------------------------------------------------------

    async def _run(self) -> None:
        failures = 0
        silences = 0
        while True:
            wait_s = self._attempts.acquire(time.monotonic())
            if wait_s:
                await asyncio.sleep(wait_s)
                continue
            before = self.events
            reason, was_silent = await self._connect(min(silences, SILENCE_DOUBLINGS_MAX))
            delivered = self.events > before
            failures = 0 if delivered else failures + 1
            silences = silences + 1 if was_silent and not delivered else 0
            pause_s = full_jitter_s(failures, random.random, RECONNECT_FIRST_S, RECONNECT_MAX_S)
            log.warning("connection %d: %s; another attempt in %.1f s", self.number, reason, pause_s)
            await asyncio.sleep(pause_s)

    async def _connect(self, silences: int) -> tuple[str, bool]:
        """Open a socket and stay until it ends; returns why, and whether it was for its silence."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                transport, listener = await picows.ws_connect(
                    self._listener,
                    self._url,
                    # An exception in our callback is a bug, not a fault of the connection: it is logged, and life goes on.
                    disconnect_on_exception=False,
                    websocket_handshake_timeout=CONNECT_TIMEOUT_S,
                    max_frame_size=MESSAGE_BYTES_MAX,
                    logger_name=_quiet,
                )
        except (OSError, picows.WSError, TimeoutError) as error:
            self.problem = f"{self._url} does not answer ({str(error) or type(error).__name__})"
            return self.problem, False
        assert isinstance(listener, _Listener)
        self.connects += 1
        self.problem = ""
        log.info("connection %d is up: %s", self.number, self._url)
        try:
            return await self._serve(transport, listener, self._silence_s * 2**silences)
        finally:
            self.problem = self.problem or "connection lost"
            await _disconnect(transport)

    def _listener(self) -> "_Listener":
        self._ending = asyncio.get_running_loop().create_future()
        return _Listener(self._received, self._ending)

    async def _serve(self, transport: picows.WSTransport, listener: "_Listener", silence_s: float) -> tuple[str, bool]:
        control = asyncio.create_task(self._control(transport), name=f"connection {self.number} control")
        control.add_done_callback(self._control_ended)
        try:
            if await self._falls_silent(listener.ending, silence_s):
                return f"silent for {silence_s:.0f} s", True
            self.problem = listener.ending.result()
            return self.problem, False
        finally:
            control.cancel()
            await asyncio.gather(control, return_exceptions=True)
            lost = tuple(self._live)
            self._live.clear()
            self._replies.clear()
            self._on_lost(lost)

    def _control_ended(self, control: asyncio.Task[None]) -> None:
        if not control.cancelled() and control.exception() is not None:
            log.error("connection %d: subscribing failed", self.number, exc_info=control.exception())
            self.replace("subscribing failed by a mistake of ours")

    async def _falls_silent(self, ending: asyncio.Future[str], silence_s: float) -> bool:
        """Wait until the socket ends (False), or no event has come for so long although streams are subscribed (True)."""
        seen, heard_s = -1, time.monotonic()
        while True:
            await asyncio.wait((ending,), timeout=silence_s / 8)
            if ending.done():
                return False
            now_s = time.monotonic()
            if self.events != seen or not self._live:
                seen, heard_s = self.events, now_s
            elif now_s - heard_s >= silence_s:
                return True

    # --- messages in ------------------------------------------------------------------------------------------------

    def _received(self, payload: bytes) -> None:
        other = self._take(payload)
        if other is None:
            self.events += 1
        elif isinstance(other, Shutdown):
            self.replace("the exchange announced that it will close the connection")
        elif isinstance(other, Reply):
            waiting = self._replies.pop(other.id, None) if isinstance(other.id, int) else None
            if waiting is not None and not waiting.done():
                waiting.set_result(other)
            elif other.code is not None:
                self.refusals += 1
                log.warning("connection %d: the exchange says %d %s", self.number, other.code, other.message)

    # --- control frames out -----------------------------------------------------------------------------------------

    async def _control(self, transport: picows.WSTransport) -> None:
        """Bring the streams of this socket to what is wished, frame by frame, each answered before the next."""
        while True:
            frame = self._next_frame()
            if frame is None:
                self._changed.clear()
                await self._changed.wait()
                continue
            waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
            self._replies[frame.id] = waiting
            sent_s = time.monotonic()
            transport.send(_TEXT, frame.payload)
            try:
                async with asyncio.timeout(ACK_TIMEOUT_S):
                    reply = await waiting
            except TimeoutError:
                self.replace(f"no answer to {frame.method} within {ACK_TIMEOUT_S:.0f} s")
                return
            await self._answered(frame, reply)
            await asyncio.sleep(max(0.0, sent_s + FRAME_PAUSE_S - time.monotonic()))

    def _next_frame(self) -> ControlFrame | None:
        gone = sorted(self._live - self._wish.keys())
        new = [name for name in self._wish if name not in self._live]
        frames = control_frames("UNSUBSCRIBE", gone, self._next_id) or control_frames("SUBSCRIBE", new, self._next_id)
        if not frames:
            return None
        self._next_id += 1
        return frames[0]

    async def _answered(self, frame: ControlFrame, reply: Reply) -> None:
        if reply.code is not None:
            self.refusals += 1
            names = f"{frame.names[0]} and {len(frame.names) - 1} more" if len(frame.names) > 1 else frame.names[0]
            log.warning("exchange refused to %s %s: %d %s", frame.method.lower(), names, reply.code, reply.message)
            await asyncio.sleep(REFUSED_PAUSE_S)
        elif frame.method == "SUBSCRIBE":
            self._live.update(frame.names)
            self._on_subscribed(frame.names)
        else:
            self._live.difference_update(frame.names)


class _Listener(picows.WSListener):
    """Puts messages together from frames; `ending` is set with the reason when the socket ends."""

    def __init__(self, received: Callable[[bytes], None], ending: asyncio.Future[str]) -> None:
        super().__init__()
        self.ending = ending
        self._received = received
        self._parts = bytearray()

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """One frame. Its payload is copied: that costs less than a view of it, which would be valid only until we return."""
        kind = frame.msg_type
        if kind is _TEXT and frame.fin:
            self._received(frame.get_payload_as_bytes())
        elif kind is _TEXT or kind is _CONTINUATION:
            self._parts += frame.get_payload_as_bytes()
            if frame.fin:
                message, self._parts = bytes(self._parts), bytearray()
                self._received(message)
            elif len(self._parts) > MESSAGE_BYTES_MAX:
                self._end(f"a message longer than {MESSAGE_BYTES_MAX} bytes")
        elif kind is _CLOSE:
            # Any code means the same to us, 1000 and 1001 included: connect again.
            code = int(frame.get_close_code())  # type: ignore[call-overload]
            self._end(f"closed by the exchange with {code} {frame.get_close_reason() or ''}".rstrip())
            transport.send_close(frame.get_close_code())

    def on_ws_disconnected(self, _transport: picows.WSTransport) -> None:
        """The socket is gone; when no close frame came before, without a word."""
        self._end("connection lost")

    def _end(self, reason: str) -> None:
        if not self.ending.done():
            self.ending.set_result(reason)


async def _disconnect(transport: picows.WSTransport) -> None:
    """End a socket; one that does not answer is cut."""
    transport.disconnect(graceful=False)
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await transport.wait_disconnected()
    except (OSError, picows.WSError, TimeoutError) as error:
        log.debug("socket ended with %r", error)
