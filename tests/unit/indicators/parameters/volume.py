"""As `indicators.volume`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {}
