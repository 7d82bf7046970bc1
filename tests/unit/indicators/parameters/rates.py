"""As `indicators.rates`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "mom": [(10,), (1,), (100,)],
    "roc": [(10,), (1,), (100,)],
    "rocp": [(10,), (1,), (100,)],
    "rocr": [(10,), (1,), (100,)],
    "rocr100": [(10,), (1,), (100,)],
    "qstick": [(10,), (1,), (50,)],
    "wad": [()],
}
