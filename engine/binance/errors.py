"""What a refused request means: HTTP status and body to our errors, and what to do about each of them. Pure.

Sources: documentation of the Spot REST API, "HTTP Return Codes" and "Errors".
"""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum

import msgspec

from engine.base.errors import BadReply, Banned, ExchangeError, ExchangeRefused, ExchangeUnreachable, RateLimited

#: Codes whose requests may succeed when sent again: unknown, internal error, unexpected response, timeout of a backend,
#: overload.
RETRYABLE_CODES = frozenset({-1000, -1001, -1006, -1007, -1008})
#: This server is being shut down; another one may not be.
SHUT_DOWN = -1016
#: Statuses by which a host will not serve us at all: it sends us elsewhere, its firewall or its law forbids it, or it is no
#: exchange.
USELESS_HOST = frozenset({301, 302, 303, 307, 308, 403, 404, 407, 410, 421, 451})
#: Too much weight; normally with status 429 or 418.
TOO_MUCH_WEIGHT = -1003
#: Pause when a 429 or 418 does not say how long, in seconds.
PAUSE_DEFAULT_S = 30.0
BAN_DEFAULT_S = 120.0
#: Shortest and longest pause that is believed: bans last three days at most.
PAUSE_MIN_S = 1.0
PAUSE_MAX_S = 3 * 86_400.0

_SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_UNTIL_MS = re.compile(r"until ([0-9]{13})(?![0-9])")
#: Of a page for browsers, people want the words.
_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")
_TEXT_MAX = 200


class ErrorBody(msgspec.Struct):
    """`{"code": -1121, "msg": "Invalid symbol."}`."""

    code: int
    msg: str = ""


_decode = msgspec.json.Decoder(ErrorBody).decode


class Remedy(Enum):
    """What to do about an error."""

    #: Ask another host now: this one will not serve us.
    NEXT_HOST = "next host"
    #: Ask again after a while; a host that goes on like this is left.
    LATER = "later"
    #: Send nothing to anybody for as long as the exchange said.
    PAUSE = "pause"
    #: The same request will be refused again, wherever it is sent.
    GIVE_UP = "give up"


def remedy(error: BaseException) -> Remedy:
    """What helps against this error."""
    if isinstance(error, RateLimited):
        return Remedy.PAUSE
    if isinstance(error, ExchangeRefused):
        if error.code in RETRYABLE_CODES or error.status >= 500 or error.status == 408:
            return Remedy.LATER
        return Remedy.NEXT_HOST if error.status in USELESS_HOST or error.code == SHUT_DOWN else Remedy.GIVE_UP
    return Remedy.LATER if isinstance(error, (ExchangeUnreachable, BadReply)) else Remedy.GIVE_UP


def from_reply(status: int, body: bytes, retry_after: str, target: str, now_ms: float) -> ExchangeError:
    """The error that a reply with a status other than 200 stands for; `target` is the URL asked, for the message."""
    told = error_body(body)
    text = f"{told.code} {one_line(told.msg)}" if told is not None else _excerpt(body)
    found = f"{target}: HTTP {status} {text}".rstrip()
    if status == 418:
        pause_s = _pause_s(retry_after, text, now_ms, BAN_DEFAULT_S)
        return Banned("exchange banned this address", found, f"nothing is sent for {pause_s:.0f} s", retry_after_s=pause_s)
    if status == 429 or (told is not None and told.code == TOO_MUCH_WEIGHT):
        pause_s = _pause_s(retry_after, text, now_ms, PAUSE_DEFAULT_S)
        return RateLimited("exchange asked for a pause", found, f"nothing is sent for {pause_s:.0f} s", retry_after_s=pause_s)
    if status in USELESS_HOST:
        return _refused(status, told, found, _advice(status))
    if status >= 500 and told is None:
        return ExchangeUnreachable("exchange does not answer", found, "its servers are in trouble: wait")
    if told is None:
        return BadReply("reply of the exchange is not JSON", found, "check BINANCE_API_URL")
    return _refused(status, told, found, "")


def error_body(body: bytes) -> ErrorBody | None:
    """The exchange's own error in a body, or None when the body is something else (a proxy's HTML, nothing at all)."""
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def one_line(text: str) -> str:
    """Words of the exchange as they may stand in a log line: short, and nothing in them that a terminal would obey."""
    return " ".join("".join(one if one.isprintable() else " " for one in text[: 4 * _TEXT_MAX]).split())[:_TEXT_MAX]


def _advice(status: int) -> str:
    if status == 451:
        return "the exchange does not serve this location: run elsewhere or set BINANCE_API_URL"
    if status == 403:
        return "the exchange's firewall refuses this address: run fewer programs on it, or wait"
    return "the exchange is not served here: check BINANCE_API_URL and proxies"


def _refused(status: int, told: ErrorBody | None, found: str, advice: str) -> ExchangeRefused:
    code, message = (told.code, one_line(told.msg)) if told is not None else (0, "")
    error = ExchangeRefused("exchange refused a request", code=code, message=message or found, status=status, advice=advice)
    error.add_note(found)
    return error


def _pause_s(retry_after: str, text: str, now_ms: float, default_s: float) -> float:
    """Seconds from the `Retry-After` header, a number or a date; else from an epoch in the text ("until 1785050129644").

    Never less than a second and never longer than any ban; nonsense counts as absent.
    """
    header = retry_after.strip()
    if _SECONDS.fullmatch(header):
        return min(max(PAUSE_MIN_S, float(header)), PAUSE_MAX_S)
    until_ms = _date_ms(header)
    told = _UNTIL_MS.search(text)
    if until_ms is None and told is not None:
        until_ms = float(told[1])
    if until_ms is None:
        return default_s
    return min(max(PAUSE_MIN_S, (until_ms - now_ms) / 1e3), PAUSE_MAX_S)


def _date_ms(header: str) -> float | None:
    """An HTTP date (RFC 9110, 5.6.7) in ms since the epoch; None for anything else."""
    try:
        found = parsedate_to_datetime(header)
        return found.replace(tzinfo=found.tzinfo or UTC).timestamp() * 1e3
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _excerpt(body: bytes) -> str:
    return one_line(_TAG.sub(" ", body[: 4 * _TEXT_MAX].decode("utf-8", errors="replace")))
