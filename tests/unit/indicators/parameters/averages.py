"""As `indicators.averages`."""

from typing import Any

PERIODS: list[tuple[Any, ...]] = [(30,), (1,), (2,), (9,)]

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    **dict.fromkeys(("dema", "tema", "trima", "zlema", "rma", "kama", "vwma"), PERIODS),
    "hma": [(20,), (1,), (2,), (4,), (49,)],
    "t3": [(5, 0.7), (1, 0.0), (2, 1.0), (12, 0.3)],
    "mama": [(0.5, 0.05), (0.01, 0.01), (0.99, 0.2), (0.1, 0.5)],
    "mavp": [(2, 30, 0), (1, 1, 1), (3, 5, 11), (4, 9, 1), (2, 6, 2), (2, 4, 6), (2, 5, 9)],
}
