"""As `indicators.patterns_short`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "cdldarkcloudcover": [(0.5,), (0.0,), (0.25,), (3.0,)],
}
