"""As `indicators.operators`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {}
