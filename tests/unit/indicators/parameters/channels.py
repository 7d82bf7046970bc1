"""As `indicators.channels`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {}
