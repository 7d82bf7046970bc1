"""As `indicators.screens`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {}
