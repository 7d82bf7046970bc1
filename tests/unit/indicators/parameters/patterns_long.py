"""As `indicators.patterns_long`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "cdlabandonedbaby": [(0.3,), (0.0,)],
    "cdleveningdojistar": [(0.3,), (0.0,), (0.8,)],
    "cdleveningstar": [(0.3,), (0.0,), (0.8,)],
    "cdlmathold": [(0.5,), (0.0,), (1.5,)],
    "cdlmorningdojistar": [(0.3,), (0.0,), (0.8,)],
    "cdlmorningstar": [(0.3,), (0.0,), (0.8,)],
}
