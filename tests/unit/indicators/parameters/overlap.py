"""As `indicators.overlap`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "sma": [(30,), (1,), (2,), (200,)],
    "ema": [(30,), (1,), (2,), (200,)],
    "wma": [(30,), (1,), (2,), (5,)],
    "ma": [(period, matype) for matype in range(14) for period in (30, 5, 2)] + [(1, 3), (1, 6), (1, 7), (3, 9), (49, 9)],
    "bbands": [(20, 2.0, 2.0, 0), (2, 1.0, 3.0, 0), (5, 2.5, 0.0, 1), (50, -1.0, 2.0, 2)]
    + [(5, 2.0, 2.0, matype) for matype in range(3, 14) if matype != 7],
}
