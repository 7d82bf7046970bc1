"""What a client says on its socket: SUBSCRIBE and its kin, answered in the exchange's words.

Pure: a message and the session before it give the reply and what was added or removed; no socket here.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from engine.base.errors import EngineError
from engine.sim import streams

METHODS: Final = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
ID_LENGTH_MAX: Final = 36


@dataclass(slots=True)
class Session:
    """One connection: its streams in the order of subscription, and how and in which unit of time events are written."""

    combined: bool
    unit: int = 1
    subscriptions: dict[str, None] = field(default_factory=dict)


class Outcome(NamedTuple):
    """The reply to a message, and the streams it opened and closed."""

    reply: bytes
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class _Refused(EngineError):
    """A message that is answered with an error; never leaves this module."""

    def __init__(self, reply: dict[str, Any]) -> None:
        super().__init__("message was refused")
        self.reply = reply


def handle(text: str, session: Session, streams_max: int) -> Outcome:
    """Answer one message and update `session`."""
    try:
        request = _decode(text)
        method = _method(request, text)
        identity = _identity(request)
        if method == "SUBSCRIBE":
            return _subscribe(_names(request), identity, session, streams_max)
        if method == "UNSUBSCRIBE":
            return _unsubscribe(_names(request), identity, session)
        return _reply(_property_or_list(method, request, identity, session), identity)
    except _Refused as refusal:
        return Outcome(msgspec.json.encode(refusal.reply))


def names_to_subscribe(text: str) -> list[str] | None:
    """The streams that a message wants to subscribe to; None when it is no such message."""
    try:
        request = _decode(text)
        return _names(request) if request.get("method") == "SUBSCRIBE" else None
    except _Refused:
        return None


def _subscribe(names: list[str], identity: int | str | None, session: Session, streams_max: int) -> Outcome:
    added = tuple(name for name in dict.fromkeys(names) if name not in session.subscriptions)
    if len(session.subscriptions) + len(added) > streams_max:
        raise _Refused({"error": {"code": 4, "msg": "Too many subscriptions"}, "id": identity})
    session.subscriptions.update(dict.fromkeys(added))
    return _reply(None, identity)._replace(added=added)


def _unsubscribe(names: list[str], identity: int | str | None, session: Session) -> Outcome:
    removed = tuple(name for name in dict.fromkeys(names) if name in session.subscriptions)
    for name in removed:
        del session.subscriptions[name]
    return _reply(None, identity)._replace(removed=removed)


def _property_or_list(method: str, request: dict[str, Any], identity: int | str | None, session: Session) -> Any:
    """The result of a question about the session, or of a change of its one property."""
    params = request.get("params") or []
    if not isinstance(params, list):
        raise _invalid("invalid type: expected a sequence")
    if len(params) > {"LIST_SUBSCRIPTIONS": 0, "GET_PROPERTY": 1, "SET_PROPERTY": 2}[method]:
        raise _invalid("too many parameters")
    if method == "LIST_SUBSCRIPTIONS":
        return [name for name in session.subscriptions if streams.looks_like_stream(name)]
    if not params or not isinstance(params[0], str):
        raise _invalid("property name must be a string")
    if params[0] != "combined":
        raise _Refused({"code": 0, "msg": "Unknown property", "id": identity})
    if method == "GET_PROPERTY":
        return session.combined
    if len(params) < 2 or not isinstance(params[1], bool):
        raise _Refused({"code": 1, "msg": "Invalid value type: expected Boolean"})
    session.combined = params[1]
    return None


def _decode(text: str) -> dict[str, Any]:
    try:
        request = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise _Refused({"code": 3, "msg": f"Invalid JSON: expected value at {place}"}) from error
    if not isinstance(request, dict):
        raise _invalid("invalid type: expected struct Request at line 1 column 0")
    return request


def _method(request: dict[str, Any], text: str) -> str:
    if "method" not in request:
        raise _invalid(f"missing field `method` at {_place(text, len(text))}")
    method = request["method"]
    if not isinstance(method, str) or method not in METHODS:
        expected = ", ".join(f"`{known}`" for known in METHODS)
        written = json.dumps(method, ensure_ascii=False)
        end = text.find(written) + len(written)
        name = method if isinstance(method, str) else written
        raise _invalid(f"unknown variant `{name}`, expected one of {expected} at {_place(text, end)}")
    return method


def _identity(request: dict[str, Any]) -> int | str | None:
    identity = request.get("id", ...)
    if identity is None:
        return None
    if isinstance(identity, int) and not isinstance(identity, bool) and -(2**63) <= identity < 2**63:
        return identity
    if isinstance(identity, str) and identity.isalnum() and len(identity) <= ID_LENGTH_MAX:
        return identity
    raise _invalid("request ID must be an unsigned integer")


def _names(request: dict[str, Any]) -> list[str]:
    names = request.get("params")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _invalid("invalid type: expected a sequence of strings")
    return names


def _place(text: str, offset: int) -> str:
    line = text.count("\n", 0, offset) + 1
    return f"line {line} column {offset - (text.rfind(chr(10), 0, offset) + 1)}"


def _invalid(what: str) -> _Refused:
    return _Refused({"code": 2, "msg": f"Invalid request: {what}"})


def _reply(result: Any, identity: int | str | None) -> Outcome:
    return Outcome(msgspec.json.encode({"result": result, "id": identity}))
