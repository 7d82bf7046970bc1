"""One HTTP request to one host, bounded in time and size. Knows no weights, no retries and no meaning of a reply."""

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

import aiohttp

from engine.base.errors import BadReply, ExchangeUnreachable

#: Longest time until a connection stands, in seconds.
CONNECT_S = 5.0
#: Longest silence within a reply, in seconds: a body that has come to a halt does not use up the whole time of a request.
SILENCE_S = 8.0

#: As much of a refusal is read, in bytes.
REFUSAL_BYTES_MAX = 65_536

#: Nothing was sent: there never was a connection.
NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class Reply(NamedTuple):
    """A whole reply, with our monotonic seconds at sending and at receiving."""

    #: Path and query that were asked for.
    target: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    sent_s: float
    received_s: float


class Transport:
    """Keeps connections open between requests; `close` ends them."""

    def __init__(self, timeout_s: float, connections: int) -> None:
        connect_s, silence_s = min(CONNECT_S, timeout_s), min(SILENCE_S, timeout_s)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=connect_s, sock_read=silence_s)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str, query: Mapping[str, str], most_bytes: int) -> Reply:
        """Ask once, following no redirect.

        Raises ExchangeUnreachable when no whole reply came in time, BadReply for one larger than `most_bytes`.
        """
        sent_s = time.monotonic()
        try:
            async with self._open().get(url, params=query, allow_redirects=False) as response:
                body = await _bounded(response, url, most_bytes)
                return Reply(response.url.raw_path_qs, response.status, response.headers, body, sent_s, time.monotonic())
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            reason = str(error) or type(error).__name__
            advice = "check the network and BINANCE_API_URL"
            raise ExchangeUnreachable("exchange does not answer", f"{url} ({reason})", advice) from error

    async def close(self) -> None:
        """End all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections)
            headers = {"Accept": "application/json"}
            self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout, headers=headers)
            # It would send a request again by itself when a connection is lost, and nobody would know its weight.
            self._session._retry_connection = False
        return self._session


async def _bounded(response: aiohttp.ClientResponse, url: str, most_bytes: int) -> bytes:
    """The body, unpacked; a server that sends without end is hung up on.

    Of a refusal the beginning is enough, and whatever becomes of its body, its status must not be lost.
    """
    parts: list[bytes] = []
    size = 0
    try:
        async for part in response.content.iter_any():
            size += len(part)
            parts.append(part)
            if size > (most_bytes if response.status == HTTPStatus.OK else REFUSAL_BYTES_MAX):
                break
    except (aiohttp.ClientError, TimeoutError, OSError):
        if response.status == HTTPStatus.OK:
            raise
        response.close()
    if response.status == HTTPStatus.OK and size > most_bytes:
        response.close()
        raise BadReply("reply of the exchange is too large", f"{url}: more than {most_bytes} bytes", "check BINANCE_API_URL")
    if size > REFUSAL_BYTES_MAX and response.status != HTTPStatus.OK:
        response.close()
    return b"".join(parts)
