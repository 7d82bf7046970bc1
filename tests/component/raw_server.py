"""A server that sends exactly the bytes it is told to, when it is told to: for replies that no HTTP library would make."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

#: Writes a reply; the connection is closed when it returns.
Script = Callable[[asyncio.StreamWriter], Awaitable[None]]


def reply(status: str, body: bytes = b"", **headers: str) -> bytes:
    """A whole HTTP reply; `Content_Length="9"` replaces the true length."""
    lines = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


class RawServer:
    """Use as `async with`; every request gets the next script, the last one again and again."""

    def __init__(self, *scripts: Script | bytes) -> None:
        self._scripts = list(scripts)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.asked: list[str] = []
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head.split(b" ")[1].decode())
            script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
            if isinstance(script, bytes):
                writer.write(script)
            else:
                await script(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            # The client hung up, which is what some of these scripts are for.
            return
        finally:
            self._tasks.discard(task)
            writer.close()
