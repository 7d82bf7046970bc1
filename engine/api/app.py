"""The HTTP application: routes, the bearer token, and errors as JSON.

`/health`, `/ready` and `/metrics` are open, as platforms ask them without a secret; everything else needs the token.
"""

import asyncio
import hmac
import logging
import uuid
from http import HTTPStatus

import msgspec
from aiohttp import WSCloseCode, web
from aiohttp.typedefs import Handler, Middleware

from engine.api.events import Events, Listener
from engine.api.view import View
from engine.base.errors import EngineError

log = logging.getLogger(__name__)

OPEN_PATHS = frozenset({"/health", "/ready", "/metrics"})
SIGNALS_LIMIT_DEFAULT = 100
SIGNALS_LIMIT_MAX = 10_000
BODY_BYTES_MAX = 64 * 1024
WS_PING_S = 20.0


class ResizeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /resize`."""

    workers: int


def build(view: View, events: Events, token: str) -> web.Application:
    """The application over `view`; `token` is the secret of all paths that are not open."""
    app = web.Application(middlewares=[_errors, _authorised(token)], client_max_size=BODY_BYTES_MAX)
    routes = _Routes(view, events)
    app.router.add_get("/health", routes.health)
    app.router.add_get("/ready", routes.ready)
    app.router.add_get("/metrics", routes.metrics)
    app.router.add_get("/status", routes.status)
    app.router.add_get("/traders", routes.traders)
    app.router.add_get("/signals", routes.signals)
    app.router.add_post("/reload-traders", routes.reload_traders)
    app.router.add_post("/traders/{trader}/resume", routes.resume_trader)
    app.router.add_post("/resize", routes.resize)
    app.router.add_post("/prepare-shutdown", routes.prepare_shutdown)
    app.router.add_post("/shutdown", routes.shutdown)
    app.router.add_get("/ws", routes.stream)
    return app


class _Routes:
    """One method a path; each asks the view and renders."""

    def __init__(self, view: View, events: Events) -> None:
        self._view = view
        self._events = events

    async def health(self, _request: web.Request) -> web.Response:
        health = self._view.health()
        unhealthy = health["state"] == "unhealthy"
        return _json(health, HTTPStatus.SERVICE_UNAVAILABLE if unhealthy else HTTPStatus.OK)

    async def ready(self, _request: web.Request) -> web.Response:
        ready = self._view.ready()
        return _json({"ready": ready}, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)

    async def metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._view.metrics(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    async def status(self, _request: web.Request) -> web.Response:
        return _json(self._view.status())

    async def traders(self, _request: web.Request) -> web.Response:
        return _json(self._view.traders())

    async def signals(self, request: web.Request) -> web.Response:
        text = request.query.get("limit", str(SIGNALS_LIMIT_DEFAULT))
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= SIGNALS_LIMIT_MAX:
            raise _Refused("bad_request", f"limit was {text!r}: expected a number from 1 to {SIGNALS_LIMIT_MAX}")
        return _json(await self._view.signals(request.query.get("since", ""), int(text)))

    async def reload_traders(self, _request: web.Request) -> web.Response:
        return _json(await self._view.reload_traders())

    async def resume_trader(self, request: web.Request) -> web.Response:
        return _json(await self._view.resume_trader(request.match_info["trader"]))

    async def resize(self, request: web.Request) -> web.Response:
        try:
            body = msgspec.json.decode(await request.read(), type=ResizeBody)
        except msgspec.DecodeError as error:
            raise _Refused("bad_request", f'body was refused: {error}: expected {{"workers": N}}') from error
        return _json(await self._view.resize(body.workers))

    async def prepare_shutdown(self, _request: web.Request) -> web.Response:
        return _json(await self._view.prepare_shutdown())

    async def shutdown(self, _request: web.Request) -> web.Response:
        return _json(self._view.shutdown(), HTTPStatus.ACCEPTED)

    async def stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=WS_PING_S, max_msg_size=BODY_BYTES_MAX)
        await socket.prepare(request)
        listener = self._events.subscribe()
        leaving = asyncio.create_task(_until_it_leaves(socket, listener), name="listener")
        try:
            await socket.send_str(msgspec.json.encode({"type": "status", "data": self._view.status()}).decode())
            while (message := await listener.queue.get()) is not None and not socket.closed:
                await socket.send_str(message.decode())
        except ConnectionResetError:
            log.debug("listener went away")
        finally:
            self._events.unsubscribe(listener)
            leaving.cancel()
        reason = b"too slow" if listener.lost else b"engine stops"
        await socket.close(code=WSCloseCode.TRY_AGAIN_LATER if listener.lost else WSCloseCode.GOING_AWAY, message=reason)
        return socket


async def _until_it_leaves(socket: web.WebSocketResponse, listener: Listener) -> None:
    """Read what a listener sends, which means nothing, so that its close is seen at once."""
    async for _message in socket:
        pass
    listener.end()


class _Refused(Exception):
    """A request that is answered with 400."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _json(document: object, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.Response(body=msgspec.json.encode(document), status=status, content_type="application/json")


def _error(status: int, code: str, message: str, details: object = None) -> web.Response:
    request_id = uuid.uuid4().hex
    body = {"error": {"code": code, "message": message, "details": details, "request_id": request_id}}
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")


def _authorised(token: str) -> Middleware:
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if request.path not in OPEN_PATHS and not hmac.compare_digest(given, expected):
            return _error(401, "unauthorized", "missing or wrong bearer token: the token stands in the file `token` of the home")
        return await handler(request)

    return check


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The one place where a failed request becomes an answer."""
    try:
        return await handler(request)
    except _Refused as error:
        return _error(400, error.code, str(error))
    except EngineError as error:
        return _error(409, type(error).__name__, str(error), {"found": error.found, "advice": error.advice})
    except web.HTTPException as error:
        return _error(error.status, error.reason.lower().replace(" ", "_"), f"{request.method} {request.path}: {error.reason}")
    except Exception:
        log.exception("request failed: %s %s", request.method, request.path)
        return _error(500, "internal", "the engine failed to answer: its log has the details")
