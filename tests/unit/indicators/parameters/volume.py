"""As `indicators.volume`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "adosc": [(3, 10), (10, 3), (2, 2), (5, 34)],
    "cmf": [(20,), (2,), (21,)],
    "efi": [(13,), (1,), (2,), (50,)],
    "pvo": [(12, 26, 1), (26, 12, 1), (2, 3, 0), (5, 5, 2), (4, 9, 11)],
    "rvol": [(20,), (1,), (2,), (75,)],
}
