"""Messages are put together from frames, and the end of a socket has one reason."""

import asyncio

import picows
from picows.picows import _make_test_ws_frame

from engine.feeds.websocket import MESSAGE_BYTES_MAX, Ending, Listener

TEXT, CONTINUATION = picows.WSMsgType.TEXT, picows.WSMsgType.CONTINUATION


async def listener() -> tuple[Listener, list[bytes]]:
    received: list[bytes] = []
    return Listener(received.append, asyncio.get_running_loop().create_future()), received


async def test_a_message_in_fragments_is_received_once_and_whole() -> None:
    heard, received = await listener()
    for kind, text, last in ((TEXT, b"he", False), (CONTINUATION, b"ll", False), (CONTINUATION, b"o", True), (TEXT, b"!", True)):
        heard.on_ws_frame(None, _make_test_ws_frame(kind, text, last, False))
    assert received == [b"hello", b"!"]


async def test_frames_of_other_kinds_are_passed_over() -> None:
    heard, received = await listener()
    for kind in (picows.WSMsgType.BINARY, picows.WSMsgType.PONG):
        heard.on_ws_frame(None, _make_test_ws_frame(kind, b"x", True, False))
    assert received == []
    assert not heard.ending.done()


async def test_a_message_without_end_ends_the_socket() -> None:
    heard, received = await listener()
    part = b"x" * (MESSAGE_BYTES_MAX // 2)
    for kind in (TEXT, CONTINUATION, CONTINUATION):
        heard.on_ws_frame(None, _make_test_ws_frame(kind, part, False, False))
    assert received == []
    assert "longer than" in heard.ending.result().reason


async def test_the_first_reason_stays() -> None:
    heard, _ = await listener()
    heard.on_ws_disconnected(None)
    heard.on_ws_disconnected(None)
    assert heard.ending.result() == Ending("connection lost")
