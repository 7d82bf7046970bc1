"""As `indicators.operators`."""

from typing import Any

WINDOWS: list[tuple[Any, ...]] = [(30,), (2,), (3,), (100,)]

PARAMETERS: dict[str, list[tuple[Any, ...]]] = dict.fromkeys(
    ("sum", "max", "min", "minmax", "maxindex", "minindex", "minmaxindex"), WINDOWS
)
