"""As `indicators.patterns_short`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {}
