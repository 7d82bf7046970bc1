"""As `indicators.prices`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "avgdev": [(14,), (2,), (5,), (33,)],
}
