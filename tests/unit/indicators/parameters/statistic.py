"""As `indicators.statistic`."""

from typing import Any

LINES: list[tuple[Any, ...]] = [(14,), (2,), (3,), (100,)]

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "linearreg": LINES,
    "linearreg_angle": LINES,
    "linearreg_intercept": LINES,
    "linearreg_slope": LINES,
    "tsf": LINES,
    "stddev": [(5, 1.0), (2, 2.0), (20, -1.5), (100, 1.0)],
    "var": [(5, 1.0), (1, 1.0), (2, 3.0), (100, 1.0)],
    "percentile": [(30, 50.0), (2, 0.0), (7, 100.0), (100, 17.3)],
    "percentrank": [(100,), (2,), (5,), (31,)],
    "beta": [(5,), (1,), (2,), (60,)],
    "correl": [(30,), (1,), (2,), (7,)],
}
