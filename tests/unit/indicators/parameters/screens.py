"""As `indicators.screens`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "above": [(1,), (3,)],
    "below": [(1,), (2,)],
    "rising": [(3,), (1,), (2,)],
    "falling": [(3,), (1,), (2,)],
    "highest_bars": [(30,), (2,), (7,)],
    "lowest_bars": [(30,), (2,), (7,)],
}
