"""As `indicators.averages`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {}
