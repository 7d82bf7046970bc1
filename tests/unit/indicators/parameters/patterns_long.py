"""As `indicators.patterns_long`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {}
