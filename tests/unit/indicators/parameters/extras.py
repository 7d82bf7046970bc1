"""As `indicators.extras`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "ichimoku": [(9, 26, 52, 26), (1, 1, 1, 0), (3, 2, 7, 1), (20, 60, 5, 30)],
    "envelope": [(20, 2.5), (2, 10.0), (50, -1.0)],
    "linear_channel": [(100, 2.0), (2, 1.0), (14, 2.5)],
    "squeeze": [(20, 2.0, 1.5), (2, 2.0, 1.0), (10, 1.5, 2.0)],
    "squeeze_momentum": [(20,), (2,), (7,)],
    "choppiness": [(14,), (2,), (50,)],
    "fisher": [(10,), (2,), (30,)],
    "connors_rsi": [(3, 2, 100), (2, 2, 2), (14, 5, 20)],
    "stoch_of": [(14, 3, 3), (1, 1, 1), (5, 1, 2), (30, 4, 3)],
    "zscore": [(20,), (2,), (60,)],
    "volume_profile": [(100, 24), (2, 2), (30, 10)],
}
