"""As `indicators.transforms`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {}
