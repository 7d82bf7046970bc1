"""As `indicators.extras`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {}
