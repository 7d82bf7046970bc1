"""As `indicators.statistic`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {}
