"""As `indicators.oscillators`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {}
