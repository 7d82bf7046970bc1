"""Listening: binds the application to an address and tells where it really listens."""

import errno
import socket

from aiohttp import web

from engine.base.errors import AddressInUse, SettingsError


class Server:
    """The HTTP server of one engine."""

    def __init__(self, app: web.Application, address: str) -> None:
        self._app = app
        self._host, self._port = parse_address(address)
        self._runner: web.AppRunner | None = None
        self.address = ""

    async def start(self) -> None:
        """Listen; raises AddressInUse when the port is taken."""
        listener = self._bind()
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()
        host, port = listener.getsockname()[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
        except OSError as error:
            listener.close()
            found = f"{self._host}:{self._port}"
            if error.errno == errno.EADDRINUSE:
                raise AddressInUse(
                    "http address is in use", found, "choose another with --http HOST:PORT, or --http off"
                ) from error
            raise SettingsError(
                "http address cannot be used", f"{found} ({error.strerror})", "choose another with --http"
            ) from error
        return listener

    async def stop(self) -> None:
        """Stop listening and end open requests."""
        if self._runner is not None:
            await self._runner.cleanup()


def parse_address(address: str) -> tuple[str, int]:
    """`HOST:PORT` in its parts; raises SettingsError for anything else."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise SettingsError("http address is refused", repr(address), "write HOST:PORT, as 127.0.0.1:8080, or off")
    return host.strip("[]") or "127.0.0.1", int(port)
