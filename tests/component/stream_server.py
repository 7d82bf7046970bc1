"""Streams of numbered events over real sockets, and a server of them that misbehaves on command.

An event of a stream carries the next number of that stream, the same to all sockets, so that a listener sees what it missed.
What the events of an exchange mean is tested elsewhere.
"""

import asyncio
import contextlib
import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

from engine.binance import messages
from engine.binance.messages import Message


@dataclass(eq=False)
class Peer:
    """One socket as the server sees it."""

    socket: web.WebSocketResponse
    streams: dict[str, None] = field(default_factory=dict)
    #: (moment in monotonic seconds, text) of each message.
    heard: list[tuple[float, str]] = field(default_factory=list)
    #: Cleared: neither reads nor writes, as if the line led nowhere.
    alive: asyncio.Event = field(default_factory=asyncio.Event)
    mute: bool = False
    #: What waits to be sent, as on a line that lags; None: nothing does.
    held: list[str] | None = None

    async def send(self, text: str) -> None:
        """Send a text, after what waits."""
        if self.held is not None:
            self.held.append(text)
        elif not self.socket.closed:
            with contextlib.suppress(ConnectionError):
                await self.socket.send_str(text)

    async def release(self) -> None:
        """Send what waits; the line lags no more."""
        held, self.held = self.held or [], None
        for text in held:
            await self.send(text)

    @property
    def said(self) -> list[dict[str, Any]]:
        """The messages of the client."""
        return [json.loads(text) for _, text in self.heard]

    def said_of(self, method: str) -> list[str]:
        """Names in all messages of that method."""
        return [name for frame in self.said if frame["method"] == method for name in frame["params"]]


class StreamServer:
    """Use as `async with`; the attributes may be changed while it runs."""

    def __init__(self, every_s: float = 0.02) -> None:
        self.url = ""
        self.every_s = every_s
        #: All that ever connected, and those that are connected.
        self.peers: list[Peer] = []
        self.open: list[Peer] = []
        self.attempts = 0
        self.refuse = False
        #: Neither answered nor obeyed: so many of the next SUBSCRIBE frames, and all whose method is named.
        self.ignore_subscribes = 0
        self.ignored: set[str] = set()
        #: Streams that are accepted and never served, and names that are refused.
        self.dead: set[str] = set()
        self.unknown: set[str] = set()
        self.max_streams = 1_024
        #: How sockets behave from their first moment.
        self.born_mute = False
        self.numbers: Counter[str] = Counter()
        self._runner: web.AppRunner | None = None
        self._publishing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/stream", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"ws://127.0.0.1:{self._runner.addresses[0][1]}"
        self._publishing = asyncio.create_task(self._publish())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._publishing is not None
        assert self._runner is not None
        self._publishing.cancel()
        await asyncio.gather(self._publishing, return_exceptions=True)
        for peer in list(self.open):
            self.abort(peer)
        await self._runner.cleanup()

    def abort(self, peer: Peer) -> None:
        """Cut a socket without a word."""
        peer.alive.set()
        if peer.socket._req is not None and peer.socket._req.transport is not None:
            peer.socket._req.transport.abort()

    async def announce_shutdown(self) -> None:
        """Tell every socket that it will be closed."""
        for peer in list(self.open):
            with contextlib.suppress(ConnectionError):
                await peer.socket.send_str('{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}')

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.attempts += 1
        if self.refuse:
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        peer = Peer(socket, mute=self.born_mute)
        peer.alive.set()
        self.peers.append(peer)
        self.open.append(peer)
        try:
            # A client may leave while it is answered.
            with contextlib.suppress(ConnectionError):
                await self._hear(peer)
        finally:
            self.open.remove(peer)
        return socket

    async def _hear(self, peer: Peer) -> None:
        async for message in peer.socket:
            await peer.alive.wait()
            if message.type is WSMsgType.TEXT:
                peer.heard.append((time.monotonic(), message.data))
                await self._answer(peer, json.loads(message.data))

    async def _answer(self, peer: Peer, frame: dict[str, Any]) -> None:
        method, names = frame["method"], frame.get("params", [])
        if method in self.ignored:
            return
        if method == "SUBSCRIBE" and self.ignore_subscribes:
            self.ignore_subscribes -= 1
            return
        reply: dict[str, Any] = {"result": None, "id": frame["id"]}
        if method == "LIST_SUBSCRIPTIONS":
            reply["result"] = list(peer.streams)
        elif method == "UNSUBSCRIBE":
            for name in names:
                peer.streams.pop(name, None)
        elif len({*peer.streams, *names}) > self.max_streams:
            reply = {"error": {"code": 4, "msg": "Too many subscriptions"}, "id": frame["id"]}
        elif self.unknown & set(names):
            reply = {"code": 2, "msg": "Invalid request: unknown stream", "id": frame["id"]}
        else:
            peer.streams.update(dict.fromkeys(names))
        await peer.send(json.dumps(reply))

    async def _publish(self) -> None:
        while True:
            await asyncio.sleep(self.every_s)
            names = {name for peer in self.open for name in peer.streams} - self.dead
            for name in names:
                self.numbers[name] += 1
            for peer in list(self.open):
                if peer.mute or not peer.alive.is_set():
                    continue
                for name in list(peer.streams):
                    if name not in self.dead:
                        await peer.send(json.dumps({"stream": name, "data": {"e": "number", "n": self.numbers[name]}}))


class Listener:
    """Takes what comes and remembers the numbers of each stream, and what the connections told."""

    def __init__(self) -> None:
        self.numbers: dict[str, list[int]] = defaultdict(list)
        self.subscribed: list[str] = []
        self.lost: list[str] = []
        #: Streams that are carried, if what was told is true.
        self.carried: set[str] = set()

    def note_subscribed(self, names: Sequence[str]) -> None:
        """These are carried."""
        self.subscribed.extend(names)
        self.carried.update(names)

    def note_lost(self, names: Sequence[str]) -> None:
        """These are carried no more."""
        self.lost.extend(names)
        self.carried.difference_update(names)

    def take(self, payload: bytes) -> Message | None:
        """An event's number is kept; anything else is returned as the intake of a feed would."""
        frame = json.loads(payload)
        if frame.get("data", {}).get("e") == "number":
            self.numbers[frame["stream"]].append(frame["data"]["n"])
            return None
        return messages.decode(payload)

    def missed(self, name: str) -> set[int]:
        """Numbers that never came, between the first and the last that did."""
        seen = self.numbers[name]
        return set(range(min(seen), max(seen) + 1)) - set(seen)


async def until(condition: Any, what: str, timeout_s: float = 15.0) -> None:
    """Wait for a condition that many things together bring about."""
    try:
        async with asyncio.timeout(timeout_s):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"not within {timeout_s:g} s: {what}") from None
