"""Opening a socket to a server that does not want to: an ordinary failure, whatever form it takes."""

import asyncio

import pytest

from engine.base.errors import ExchangeUnreachable
from engine.feeds.websocket import open_websocket


async def answer_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the request, hang up."""
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the request, refuse it as a firewall does."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    writer.close()


@pytest.mark.parametrize("serve", [answer_nothing, refuse])
async def test_a_server_that_breaks_off_the_handshake_is_unreachable_and_no_mistake_of_ours(serve) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ExchangeUnreachable):
            await open_websocket(f"ws://127.0.0.1:{port}/stream", lambda _: None)
