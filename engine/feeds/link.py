"""One socket with its subscriptions: opened, led to what is wished, watched, ended. What it is for, the connection knows.

A connection has one of these, and two while one replaces the other.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.base.errors import ExchangeUnreachable
from engine.binance.errors import one_line
from engine.binance.messages import Message, Reply, Shutdown
from engine.binance.streams import FRAME_PAUSE_S, ControlFrame
from engine.feeds.pulse import Pulse, Verdict
from engine.feeds.subscriptions import Change, Subscriptions
from engine.feeds.websocket import Ending, WebSocket, open_websocket

log = logging.getLogger(__name__)

#: A control frame without an answer for so long was not read.
ACK_TIMEOUT_S: Final = 5.0
#: Pause after the exchange refused a control frame.
REFUSED_PAUSE_S: Final = 2.0
#: Reason of a socket that was heard to its end before it went.
REPLACED: Final = "replaced"
#: How a dead line is called; nothing tells since when it was.
SILENT: Final = "silent"


class Link:
    """`start` begins to open a socket to `url`; `ending` is set when there is none (any more).

    `take(payload)` gets each text message and returns those that are not events for others. `changed(link, change)` tells what
    answers changed, `stirred()` that something happened which the connection may want to act on. Between two control frames
    lie at least `pace` times the usual pause.
    """

    def __init__(
        self,
        name: str,
        url: str,
        take: Callable[[bytes], Message | None],
        wish: Mapping[str, None],
        changed: Callable[["Link", Change], None],
        stirred: Callable[[], None],
        *,
        silence_s: float,
        pace: float = 1.0,
    ) -> None:
        self.name = name
        self.url = url
        self.subscriptions = Subscriptions(wish, time.monotonic())
        self.ending: Ending | None = None
        #: Why another socket should take its place, and since when it wants that; empty: it need not.
        self.outdated = ""
        #: When its socket was open, in monotonic seconds; infinity: not yet.
        self.opened_s = float("inf")
        #: Since when it carries all that is wished, and how many events it had then; None: it does not.
        self.complete_s: float | None = None
        self.complete_events = 0
        self.events = 0
        self.refusals = 0
        self.retiring = False
        self._take = take
        self._changed = changed
        self._stirred = stirred
        self._silence_s = silence_s
        self._pause_s = FRAME_PAUSE_S * pace
        self._socket: WebSocket | None = None
        self._wake = asyncio.Event()
        self._sent_s = 0.0
        self._replies: dict[int, asyncio.Future[Reply]] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Whether its socket is open."""
        return self._socket is not None and self.ending is None

    def start(self) -> None:
        """Begin to open the socket."""
        self._task = asyncio.create_task(self._run(), name=self.name)

    def wish_changed(self) -> None:
        """Look at the wish again."""
        self._wake.set()

    def retire(self) -> None:
        """Let it be heard to its end and go: what the exchange sent before its last answer still counts."""
        self.retiring = True
        self._wake.set()

    def give_up(self, reason: str) -> None:
        """End the socket now."""
        if self._socket is not None:
            self._socket.end(reason)
        elif self._task is not None:
            self._task.cancel()

    async def close(self) -> None:
        """End it and wait until it is gone."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # --- from open to end -------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        ending = Ending("closed by us")
        try:
            ending = await self._live()
        except ExchangeUnreachable as error:
            ending = Ending(error.found)
        except Exception:
            log.exception("%s: ended by a mistake of ours", self.name)
            ending = Ending("a mistake of ours")
        finally:
            self.ending = ending
            self._stirred()

    async def _live(self) -> Ending:
        socket = self._socket = await open_websocket(self.url, self._received)
        self.opened_s = time.monotonic()
        self._stirred()
        tasks: list[asyncio.Future[None]] = [
            asyncio.create_task(self._control(socket), name=f"{self.name} control"),
            asyncio.create_task(self._watch(socket), name=f"{self.name} watch"),
        ]
        try:
            # Whichever comes first: the end of the socket, or a mistake of ours in one of the tasks.
            waited: list[asyncio.Future[Any]] = [socket.ending, *tasks]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
            return await socket.ending
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await socket.close()

    async def _watch(self, socket: WebSocket) -> None:
        """Notice when nothing comes any more."""
        pulse = Pulse(self._silence_s, time.monotonic())
        while not socket.ending.done():
            await asyncio.sleep(pulse.look_every_s)
            verdict = pulse.look(socket.frames, self.events, time.monotonic(), subscribed=bool(self.subscriptions.live))
            if verdict is Verdict.DEAD:
                socket.end(f"{SILENT} for {self._silence_s:.0f} s")
            elif verdict is Verdict.ASK and not self._replies:
                # A control frame under way is a question already.
                socket.ping()
            elif verdict is Verdict.QUIET and not self.outdated:
                self.outdated = "it answers, but its events have stopped"
                self._stirred()

    # --- messages in ------------------------------------------------------------------------------------------------

    def _received(self, payload: bytes) -> None:
        other = self._take(payload)
        if other is None:
            self.events += 1
        elif isinstance(other, Shutdown):
            self.outdated = self.outdated or "the exchange announced that it will close the connection"
            self._stirred()
        elif isinstance(other, Reply):
            waiting = self._replies.pop(other.id, None) if isinstance(other.id, int) else None
            if waiting is not None and not waiting.done():
                waiting.set_result(other)
            elif other.code is not None:
                self.refusals += 1
                # The first ones tell what is wrong; an exchange that goes on like this must not fill the log.
                if self.refusals.bit_count() == 1:
                    log.warning("%s: the exchange says %d %s", self.name, other.code, one_line(other.message))

    # --- control frames out -----------------------------------------------------------------------------------------

    async def _control(self, socket: WebSocket) -> None:
        """Bring the streams of this socket to what is wished, frame by frame, each answered before the next."""
        while not socket.ending.done():
            if self.retiring:
                await self._ask(socket, self.subscriptions.question())
                socket.end(REPLACED)
                return
            frame = self.subscriptions.next_frame(time.monotonic())
            self._note_completeness()
            if frame is None:
                await self._rest()
                continue
            reply = await self._ask(socket, frame)
            if reply is None:
                if self.subscriptions.unanswered(frame, time.monotonic()):
                    socket.end(f"no answer to {frame.method} within {ACK_TIMEOUT_S:.0f} s")
                continue
            change = self.subscriptions.answered(frame, reply, time.monotonic())
            self._note_completeness()
            self._changed(self, change)
            if reply.code is not None:
                await self._was_refused(frame, reply)

    async def _ask(self, socket: WebSocket, frame: ControlFrame) -> Reply | None:
        """The exchange's answer to `frame`, sent not too soon after the last one; None if it stays out."""
        await asyncio.sleep(max(0.0, self._sent_s + self._pause_s - time.monotonic()))
        waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._replies[frame.id] = waiting
        self._sent_s = time.monotonic()
        socket.send(frame.payload)
        try:
            async with asyncio.timeout(ACK_TIMEOUT_S):
                return await waiting
        except TimeoutError:
            log.warning("%s: no answer to %s of %d streams", self.name, frame.method, len(frame.names))
            return None
        finally:
            self._replies.pop(frame.id, None)

    async def _rest(self) -> None:
        """Wait until the wish changes, or a check is due."""
        now_s = time.monotonic()
        self._wake.clear()
        try:
            async with asyncio.timeout(self.subscriptions.due_s(now_s) - now_s):
                await self._wake.wait()
        except TimeoutError:
            return

    def _note_completeness(self) -> None:
        if not self.subscriptions.is_complete:
            self.complete_s = None
        elif self.complete_s is None:
            self.complete_s, self.complete_events = time.monotonic(), self.events
            self._stirred()

    async def _was_refused(self, frame: ControlFrame, reply: Reply) -> None:
        self.refusals += 1
        names = f" {frame.names[0]} and {len(frame.names) - 1} more" if frame.names else ""
        log.warning("%s: the exchange refused %s%s: %d %s", self.name, frame.method, names, reply.code, one_line(reply.message))
        await asyncio.sleep(REFUSED_PAUSE_S)
