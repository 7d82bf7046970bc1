"""What a filter's return value means: yes, no, or yes with details; or why it means nothing. Pure."""

import json
import math
from typing import Any, Final

import numpy as np

from engine.wire.messages import DETAILS_BYTES_MAX, TEXT_CHARS_MAX
from engine.wire.texts import is_fit

DEPTH_MAX: Final = 8
VALUES_MAX: Final = 1_000
_INTEGER_MAX: Final = 2**63 - 1
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


class BadAnswer(Exception):
    """A filter returned something that is no answer; `kind` is that of the fault."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(message)


def details_of(answer: Any) -> str | None:
    """None for no; for yes the details as JSON text, or empty.

    True, False, None and dicts are answers, NumPy's booleans too. Raises BadAnswer for anything else, and for details that
    are not JSON of at most 4 KB.
    """
    if answer is True or answer is False or answer is None:
        return "" if answer else None
    kind = type(answer)
    if kind is np.bool_:
        return "" if answer else None
    if kind is not dict:
        raise BadAnswer("result", f"check returned {_described(answer)}: return True, False, None or a dict of details")
    text = _encode(_Converter().value(answer, ("details",), 1))
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise BadAnswer("details", "details hold half a character (a lone surrogate): write whole texts") from error
    if size > DETAILS_BYTES_MAX:
        raise BadAnswer("details", f"details had {size} bytes as JSON: at most {DETAILS_BYTES_MAX}")
    return text


#: Where in the details something stands: the keys and places from the outside in.
Path = tuple[Any, ...]


class _Converter:
    """One walk over one dict, bounded in depth and number."""

    def __init__(self) -> None:
        self._values = 0

    def value(self, value: Any, path: Path, depth: int) -> Any:
        self._values += 1
        if depth > DEPTH_MAX or self._values > VALUES_MAX:
            raise BadAnswer("details", f"details were too large: at most {VALUES_MAX} values, {DEPTH_MAX} levels deep")
        kind = type(value)
        if kind is float and math.isfinite(value):
            return value
        if kind is str:
            return _text(value, path)
        if value is None or kind is bool:
            return value
        if kind is dict:
            return {_key(key, path): self.value(part, (*path, key), depth + 1) for key, part in value.items()}
        if kind is list or kind is tuple:
            return [self.value(part, (*path, place), depth + 1) for place, part in enumerate(value)]
        return bool(value) if kind is np.bool_ else _number(value, path)


def _number(value: Any, path: Path) -> int | float:
    if type(value) is int or isinstance(value, np.integer):
        if not -_INTEGER_MAX <= value <= _INTEGER_MAX:
            raise BadAnswer("details", f"{_where(path)} was an integer beyond 64 bits: give a float")
        return int(value)
    if type(value) is float or isinstance(value, np.floating):
        if not math.isfinite(value):
            raise BadAnswer("details", f"{_where(path)} was {value}: JSON has finite numbers only")
        return float(value)
    advice = "give numbers: float(x[-1]) or x.tolist()" if isinstance(value, np.ndarray) else "give numbers, texts, lists, dicts"
    raise BadAnswer("details", f"{_where(path)} was {_described(value)}: {advice}")


def _key(key: Any, path: Path) -> str:
    if type(key) is not str:
        raise BadAnswer("details", f"a key of {_where(path)} was {_described(key)}: keys are texts")
    return _text(key, path)


def _text(text: str, path: Path) -> str:
    if len(text) > DETAILS_BYTES_MAX or "\0" in text:
        raise BadAnswer("details", f"{_where(path)} was a text too long or with a null character")
    if not is_fit(text):
        raise BadAnswer("details", f"{_where(path)} was a text with control characters: write what people can read")
    return text


def _where(path: Path) -> str:
    """As it would be written in the filter."""
    first, *others = path
    return str(first) + "".join(f"[{one!r:.40}]" for one in others)


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, (int, float, np.number)):
        return f"the number {value!r:.40}" if not isinstance(value, int) or value.bit_length() < 64 else "a large number"
    return f"a {type(value).__name__}"


def message_of(error: BaseException) -> str:
    """An exception as one bounded line."""
    try:
        text = str(error)
    except Exception:  # an argument of the exception may be an integer too long to be printed
        text = "(no text)"
    # Half a character (a lone surrogate) could not be sent.
    text = text[: 4 * TEXT_CHARS_MAX].encode("utf-8", "replace").decode()
    name = type(error).__name__
    return " ".join(f"{name}: {text}".split())[:TEXT_CHARS_MAX] if text else name
