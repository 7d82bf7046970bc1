"""As `indicators.cycles`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {}
