"""One WebSocket: opened, heard, written to, ended once with a reason. The only module that knows the WebSocket library.

Not here: what messages mean, and what to do when a socket ends.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, NamedTuple

import picows

from engine.base.errors import ExchangeUnreachable
from engine.binance.errors import one_line

log = logging.getLogger(__name__)

OPEN_TIMEOUT_S: Final = 10.0
CLOSE_TIMEOUT_S: Final = 1.0
#: Longest message put together from fragments, in bytes.
MESSAGE_BYTES_MAX: Final = 16 * 1024 * 1024

_TEXT = picows.WSMsgType.TEXT
_CONTINUATION = picows.WSMsgType.CONTINUATION
_CLOSE = picows.WSMsgType.CLOSE
#: The library tells of each connect and disconnect; we do so ourselves.
_quiet = logging.getLogger(f"{__name__}.picows")
_quiet.setLevel(logging.WARNING)


class Ending(NamedTuple):
    """Why a socket ended; `code` is that of the exchange's close frame, if it sent one."""

    reason: str
    code: int | None = None


class WebSocket:
    """A socket that is open; made by `open_websocket`. `ending` is done when it has ended."""

    def __init__(self, transport: picows.WSTransport, listener: "Listener") -> None:
        self._transport = transport
        self._listener = listener
        self.ending = listener.ending

    @property
    def frames(self) -> int:
        """Frames received, of any kind: pings and pongs are signs of life too."""
        return self._listener.frames

    def send(self, payload: bytes) -> None:
        """Send a text message; one to a socket that has ended is lost, as it would be on the wire."""
        if not self.ending.done():
            self._transport.send(_TEXT, payload)

    def ping(self) -> None:
        """Ask for a sign of life."""
        if not self.ending.done():
            self._transport.send_ping(b"")

    def end(self, reason: str) -> None:
        """Let the socket count as ended; `close` frees it."""
        self._listener.end(Ending(reason))

    async def close(self) -> None:
        """Free the socket; one that does not answer is cut."""
        self.end("closed by us")
        self._transport.disconnect(graceful=False)
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._transport.wait_disconnected()
        except (OSError, picows.WSError, TimeoutError) as error:
            log.debug("socket ended with %r", error)


async def open_websocket(url: str, received: Callable[[bytes], None]) -> WebSocket:
    """Connect to `url`; `received` gets each text message. Raises ExchangeUnreachable."""
    made = Listener(received, asyncio.get_running_loop().create_future())
    try:
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            transport, listener = await picows.ws_connect(
                lambda: made,
                url,
                # An exception in our callback is a bug, not a fault of the connection: it is logged, and life goes on.
                disconnect_on_exception=False,
                websocket_handshake_timeout=OPEN_TIMEOUT_S,
                max_frame_size=MESSAGE_BYTES_MAX,
                logger_name=_quiet,
            )
    except asyncio.CancelledError:
        made.leave()
        raise
    except (OSError, picows.WSError, TimeoutError, ValueError) as error:
        made.leave()
        # A ValueError is a host's name that cannot be written for DNS.
        found = f"{url} does not answer ({str(error) or type(error).__name__})"
        raise ExchangeUnreachable("no stream connection", found, "another attempt follows") from error
    if not isinstance(listener, Listener):
        # The library returns no listener when the other side hangs up without a word during the handshake.
        raise ExchangeUnreachable("no stream connection", f"{url} hung up during the handshake", "another attempt follows")
    return WebSocket(transport, listener)


class Listener(picows.WSListener):
    """Puts messages together from frames; `ending` is set once, with the first reason."""

    def __init__(self, received: Callable[[bytes], None], ending: asyncio.Future[Ending]) -> None:
        super().__init__()
        self.ending = ending
        self.frames = 0
        self._received = received
        self._parts = bytearray()
        self._transport: picows.WSTransport | None = None
        self._left = False

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        """The handshake is over; nobody may want the socket any more."""
        self._transport = transport
        if self._left:
            self.leave()

    def leave(self) -> None:
        """Nobody waits for this socket: cut it, now or as soon as it is open."""
        self._left = True
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """One frame. Its payload is copied: that costs less than a view of it, which would be valid only until we return."""
        self.frames += 1
        kind = frame.msg_type
        if kind is _TEXT and frame.fin:
            self._received(frame.get_payload_as_bytes())
        elif kind is _TEXT or kind is _CONTINUATION:
            self._parts += frame.get_payload_as_bytes()
            if frame.fin:
                message, self._parts = bytes(self._parts), bytearray()
                self._received(message)
            elif len(self._parts) > MESSAGE_BYTES_MAX:
                self.end(Ending(f"a message longer than {MESSAGE_BYTES_MAX} bytes"))
        elif kind is _CLOSE:
            # Any code means the same here, 1000 and 1001 included: this socket is gone.
            code = int(frame.get_close_code())  # type: ignore[call-overload]
            reason = f"closed by the exchange with {code} {one_line(frame.get_close_reason() or '')}".rstrip()
            self.end(Ending(reason, code))
            transport.send_close(frame.get_close_code())

    def on_ws_disconnected(self, _transport: picows.WSTransport) -> None:
        """The socket is gone; when no close frame came before, without a word."""
        self.end(Ending("connection lost"))

    def end(self, ending: Ending) -> None:
        """Tell the reason, unless one was told before."""
        if not self.ending.done():
            self.ending.set_result(ending)
