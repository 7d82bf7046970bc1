"""As `indicators.swings`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "swing_high": [(5,), (1,), (3,)],
    "swing_low": [(5,), (1,), (3,)],
    "divergence": [(5,), (1,), (2,)],
    "pivots": [(1,), (2,), (24,)],
}
