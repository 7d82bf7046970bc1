"""As `indicators.directional`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {}
