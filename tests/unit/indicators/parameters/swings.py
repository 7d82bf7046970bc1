"""As `indicators.swings`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {}
