"""As `indicators.averages`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "mama": [(0.5, 0.05), (0.01, 0.01), (0.99, 0.2), (0.1, 0.5)],
}
