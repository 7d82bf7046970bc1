"""Texts of filters that people will read on a terminal: which characters they may not hold. Pure."""

import re
from typing import Final

#: Control characters but tab and line feed, separators of lines and paragraphs, and marks that turn the direction of writing.
_UNFIT_RANGES: Final = ((0, 8), (11, 31), (127, 159), (0x2028, 0x2029), (0x202A, 0x202E), (0x2066, 0x2069))
_UNFIT: Final = re.compile("[" + "".join(f"{chr(low)}-{chr(high)}" for low, high in _UNFIT_RANGES) + "]")
_BLANKS: Final = dict.fromkeys((9, 10, *(code for low, high in _UNFIT_RANGES for code in range(low, high + 1))), " ")


def is_fit(text: str) -> bool:
    """Whether a terminal would only write it."""
    return text.isprintable() or _UNFIT.search(text) is None


def all_fit(value: object) -> bool:
    """Whether all texts are fit that stand anywhere in what JSON can hold."""
    if isinstance(value, str):
        return is_fit(value)
    if isinstance(value, dict):
        return all(is_fit(key) and all_fit(part) for key, part in value.items())
    return not isinstance(value, list) or all(map(all_fit, value))


def on_one_line(text: str) -> str:
    """The same without characters that do more than stand there."""
    return text.translate(_BLANKS)
