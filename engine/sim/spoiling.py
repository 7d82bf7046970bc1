"""What faults do to replies of the REST interface: other statuses, and bodies that are late, cut or no JSON.

Only what is sent is spoiled; what was asked is counted as ever.
"""

import asyncio
import contextlib
import time
from typing import Final

import msgspec
from aiohttp import web

from engine.sim.clock import SimulatedClock
from engine.sim.faults import Faults, Running

#: What the exchange's front writes when it lets nobody through.
HTML_PAGE: Final = (
    "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n<center><h1>{status} {reason}</h1></center>\r\n"
    "<hr><center>cloudfront</center>\r\n</body>\r\n</html>\r\n"
)
#: What an overloaded server may say with 200.
NO_JSON_PAGE: Final = b"<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head><body>Please wait.</body></html>\n"
REASONS: Final = {403: "Forbidden", 451: "Unavailable For Legal Reasons"} | {
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
#: As it words refusals in JSON.
ERRORS: Final = {
    418: (-1003, "Way too much request weight used; IP banned until {until_ms}. Please use WebSocket Streams for live updates."),
    429: (-1003, "Too much request weight used; please use WebSocket Streams for live updates to avoid polling the API."),
    451: (0, "Service unavailable from a restricted location according to 'b. Eligibility' in the terms of use."),
    500: (-1000, "An unknown error occurred while processing the request."),
    503: (-1008, "Server is currently overloaded with other requests. Please try again in a few minutes."),
}
#: How long a client is told to wait where the fault does not say.
PAUSE_S: Final = {418: 120, 429: 10}


def strike(faults: Faults, kind: str, request: web.BaseRequest) -> Running | None:
    """The fault of a kind that strikes this request, if any; a limit to symbols concerns requests that name one."""
    if not faults.has("replies"):
        return None
    symbol, interval = request.query.get("symbol", ""), request.query.get("interval", "")
    for running in faults.of(kind, time.monotonic()):
        path = running.fault.words["path"]
        if request.path.endswith(path) and running.concerns(symbol, interval) and running.strike():
            return running
    return None


async def spoil(faults: Faults, request: web.BaseRequest, response: web.Response) -> web.StreamResponse:
    """The reply as it leaves, be it good or spoiled."""
    if strike(faults, "not_json", request) is not None:
        response.body, response.content_type = NO_JSON_PAGE, "text/html"
    if (running := strike(faults, "truncated", request)) is not None:
        whole = _bytes(response)
        response.body = whole[: running.random.randrange(1, max(2, len(whole)))]
    if (running := strike(faults, "slow_body", request)) is not None:
        return await _slowly(request, response, running.number_of("ms") / 1e3)
    return response


async def _slowly(request: web.BaseRequest, response: web.Response, pause_s: float) -> web.StreamResponse:
    """Headers and half of the body at once, the rest after a while."""
    whole = _bytes(response)
    slow = web.StreamResponse(status=response.status, headers=response.headers)
    slow.content_length = len(whole)
    await slow.prepare(request)
    await slow.write(whole[: len(whole) // 2])
    await asyncio.sleep(pause_s)
    # The client may have lost patience.
    with contextlib.suppress(ConnectionError):
        await slow.write(whole[len(whole) // 2 :])
        await slow.write_eof()
    return slow


def _bytes(response: web.Response) -> bytes:
    assert isinstance(response.body, bytes)
    return response.body


def refusal(running: Running, headers: dict[str, str], clock: SimulatedClock) -> web.Response:
    """The reply of an `http` fault; Retry-After is in real seconds, the text tells the exchange's time."""
    status = int(running.number_of("status"))
    retry_after_s = int(running.fault.numbers.get("retry_after_s", PAUSE_S.get(status, 0)))
    if retry_after_s:
        headers = {**headers, "Retry-After": str(retry_after_s)}
    body = running.fault.words["body"] or ("json" if status in (418, 429, 500) else "html")
    if body == "html":
        page = HTML_PAGE.format(status=status, reason=REASONS.get(status, "Too Many Requests"))
        return web.Response(status=status, body=page.encode(), headers={**headers, "Content-Type": "text/html"})
    code, message = ERRORS.get(status, (-1000, "An unknown error occurred while processing the request."))
    text = message.format(until_ms=clock.now_ms() + int(retry_after_s * 1e3 * clock.speed))
    error = msgspec.json.encode({"code": code, "msg": text})
    return web.Response(status=status, body=error, headers={**headers, "Content-Type": "application/json;charset=UTF-8"})
