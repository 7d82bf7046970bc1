"""As `indicators.volatility`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "atr": [(14,), (1,), (2,), (60,)],
}
