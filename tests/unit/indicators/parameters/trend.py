"""As `indicators.trend`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "highest": [(30,), (2,), (3,), (100,)],
    "lowest": [(30,), (2,), (3,), (100,)],
}
