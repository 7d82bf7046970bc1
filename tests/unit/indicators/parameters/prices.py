"""As `indicators.prices`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {}
