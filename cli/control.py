"""Talking to the engine that runs on a home: its address, its token, one request."""

import http.client
import json
from typing import Any

from engine.base.errors import EngineError
from engine.base.settings import Settings
from engine.supervisor.home import Home, RunningEngine

TIMEOUT_S = 60.0
#: For what is only an addition to something else.
QUIET_TIMEOUT_S = 3.0
#: Addresses that mean "every address of this machine" when an engine listens there.
UNSPECIFIED = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - read here, never bound


def ask(settings: Settings, path: str, body: dict[str, Any] | None = None, timeout_s: float = TIMEOUT_S) -> Any:
    """GET, or POST where there is a body; the JSON that comes back. Raises EngineError: no engine runs there, or it refuses."""
    home = Home(settings.home_path)
    running = home.running()
    if running is None:
        advice = "start one with: engine run --user U, or name its home with --home"
        raise EngineError("no engine runs on this home", home.path, advice)
    if not running.http:
        raise EngineError("the engine does not listen", f"pid {running.pid}", "start it without --http off")
    status, text = _request(running, settings.api_token or home.token(), path, body, timeout_s)
    try:
        document = json.loads(text)
    except ValueError as error:
        raise EngineError("what listens there is not an engine", running.http, f"it answered with status {status}") from error
    if status >= http.HTTPStatus.BAD_REQUEST:
        raise EngineError("the engine refuses", document.get("error", {}).get("message", f"status {status}"))
    return document


def ask_quietly(settings: Settings, path: str) -> Any:
    """The same for what is only an addition to something else: None when there is no engine to ask."""
    try:
        return ask(settings, path, timeout_s=QUIET_TIMEOUT_S)
    except EngineError:
        return None


def _request(running: RunningEngine, token: str, path: str, body: dict[str, Any] | None, timeout_s: float) -> tuple[int, bytes]:
    """Straight to the address: no proxy of the environment stands between two programs of one machine."""
    host, _, port = running.http.rpartition(":")
    connection = http.client.HTTPConnection(UNSPECIFIED.get(host, host).strip("[]"), int(port), timeout=timeout_s)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise EngineError("the engine does not answer", f"{running.http} ({error})", "see its log") from error
    finally:
        connection.close()
