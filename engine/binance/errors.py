"""What a refused request means: HTTP status and body to our errors, and whether it is worth asking again. Pure.

Sources: documentation of the Spot REST API, "HTTP Return Codes" and "Errors".
"""

import re

import msgspec

from engine.base.errors import BadReply, Banned, ExchangeError, ExchangeRefused, ExchangeUnreachable, RateLimited

#: Codes whose requests may succeed when sent again: internal error, unexpected response, timeout of a backend, overload.
RETRYABLE_CODES = frozenset({-1001, -1006, -1007, -1008})
#: Too much weight; normally with status 429 or 418.
TOO_MUCH_WEIGHT = -1003
#: Pause when a 429 or 418 does not say how long, in seconds.
PAUSE_DEFAULT_S = 30.0
BAN_DEFAULT_S = 120.0
#: Longest pause that is believed: bans last three days at most.
PAUSE_MAX_S = 3 * 86_400.0

_UNTIL_MS = re.compile(r"until (\d{13})")
_TEXT_MAX = 200


class ErrorBody(msgspec.Struct):
    """`{"code": -1121, "msg": "Invalid symbol."}`."""

    code: int
    msg: str = ""


_decode = msgspec.json.Decoder(ErrorBody).decode


def from_reply(status: int, body: bytes, retry_after: str, target: str, now_ms: float) -> ExchangeError:
    """The error that a reply with a status other than 200 stands for; `target` is the URL asked, for the message."""
    told = error_body(body)
    text = f"{told.code} {told.msg}" if told is not None else _excerpt(body)
    found = f"{target}: HTTP {status} {text}".rstrip()
    if status == 418:
        pause_s = _pause_s(retry_after, text, now_ms, BAN_DEFAULT_S)
        return Banned("exchange banned this address", found, f"nothing is sent for {pause_s:.0f} s", retry_after_s=pause_s)
    if status == 429 or (told is not None and told.code == TOO_MUCH_WEIGHT):
        pause_s = _pause_s(retry_after, text, now_ms, PAUSE_DEFAULT_S)
        return RateLimited("exchange asked for a pause", found, f"nothing is sent for {pause_s:.0f} s", retry_after_s=pause_s)
    if status == 451:
        return _refused(status, told, found, "the exchange does not serve this location: run elsewhere or set BINANCE_API_URL")
    if status == 403:
        return _refused(status, told, found, "the exchange's firewall refuses this address: run fewer programs on it, or wait")
    if status >= 500 and told is None:
        return ExchangeUnreachable("exchange does not answer", found, "its servers are in trouble: wait")
    if told is None:
        return BadReply("reply of the exchange is not JSON", found, "check BINANCE_API_URL")
    return _refused(status, told, found, "")


def is_retryable(error: BaseException) -> bool:
    """Whether the same request may succeed later without anybody changing anything."""
    if isinstance(error, ExchangeRefused):
        return error.code in RETRYABLE_CODES or error.status >= 500
    return isinstance(error, (ExchangeUnreachable, RateLimited, BadReply))


def error_body(body: bytes) -> ErrorBody | None:
    """The exchange's own error in a body, or None when the body is something else (a proxy's HTML, nothing at all)."""
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _refused(status: int, told: ErrorBody | None, found: str, advice: str) -> ExchangeRefused:
    code, message = (told.code, told.msg) if told is not None else (0, "")
    error = ExchangeRefused("exchange refused a request", code=code, message=message or found, status=status, advice=advice)
    error.add_note(found)
    return error


def _pause_s(retry_after: str, text: str, now_ms: float, default_s: float) -> float:
    """Seconds from the `Retry-After` header; else from an epoch in the text ("banned until 1785050129644")."""
    if retry_after.strip().isdigit():
        return min(float(retry_after.strip()), PAUSE_MAX_S)
    until = _UNTIL_MS.search(text)
    if until is not None:
        return min(max(1.0, (int(until[1]) - now_ms) / 1e3), PAUSE_MAX_S)
    return default_s


def _excerpt(body: bytes) -> str:
    text = " ".join(body[: 4 * _TEXT_MAX].decode("utf-8", errors="replace").split())
    return text[:_TEXT_MAX]
