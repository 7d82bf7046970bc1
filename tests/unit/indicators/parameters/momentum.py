"""As `indicators.momentum`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "rsi": [(14,), (2,), (100,)],
    "macd": [(12, 26, 9), (26, 12, 9), (2, 3, 1), (5, 5, 4)],
    "stoch": [(5, 3, 0, 3, 0), (14, 1, 0, 1, 0), (1, 2, 1, 5, 2), (21, 4, 2, 3, 1)],
    "cci": [(14,), (2,), (5,), (33,)],
}
