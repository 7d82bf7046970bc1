"""As `indicators.volatility`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "adr": [(14,), (1,), (2,), (50,)],
    "atr": [(14,), (1,), (2,), (60,)],
    "cvi": [(10, 10), (2, 1), (21, 5)],
    "massi": [(9, 25), (2, 2), (5, 12)],
    "natr": [(14,), (1,), (2,), (60,)],
    "rvi": [(14, 10), (1, 2), (5, 20)],
}
