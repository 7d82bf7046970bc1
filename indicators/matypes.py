"""Moving averages by TA-Lib's number (`matype`): how many bars each needs, and how much it keeps from bar to bar.

Their kernels are `average_step_nb` in `indicators.kernels.overlap` and what it calls.
"""

from collections.abc import Callable, Mapping
from math import isqrt
from types import MappingProxyType
from typing import Final

SMA, EMA, WMA, DEMA, TEMA, TRIMA, KAMA, MAMA, T3, HMA, NONE, DEFAULT, ZLEMA, RMA = range(14)
DESCRIPTION: Final = (
    "0 (SMA), 1 (EMA), 2 (WMA), 3 (DEMA), 4 (TEMA), 5 (TRIMA), 6 (KAMA), 7 (MAMA), 8 (T3), 9 (HMA), 10 (none), "
    "11 (the indicator's own), 12 (ZLEMA) or 13 (RMA)"
)

MAMA_LEADING: Final = 32
MAMA_STATE: Final = 46

_LEADING: Final[Mapping[int, Callable[[int], int]]] = MappingProxyType(
    {
        DEMA: lambda period: 2 * (period - 1),
        TEMA: lambda period: 3 * (period - 1),
        KAMA: lambda period: period,
        MAMA: lambda _: MAMA_LEADING,
        T3: lambda period: 6 * (period - 1),
        HMA: lambda period: period + isqrt(period) - 2,
        ZLEMA: lambda period: period - 1 + (period - 1) // 2,
    }
)
# Thirteen rows of values and averages in stages, then rings.
_STATE: Final[Mapping[int, Callable[[int], int]]] = MappingProxyType(
    {
        EMA: lambda _: 13,
        DEMA: lambda _: 13,
        TEMA: lambda _: 13,
        TRIMA: lambda period: 16 + period,
        KAMA: lambda period: 5 + period,
        MAMA: lambda _: MAMA_STATE,
        T3: lambda _: 13,
        HMA: lambda period: 23 + 2 * period,
        NONE: lambda _: 1,
        RMA: lambda _: 13,
    }
)


def average_leading(period: int, matype: int) -> int:
    """Bars at the start of a series for which this average has no value; averages of one bar are the value itself."""
    if period <= 1 or matype == NONE:
        return 0
    return _LEADING[matype](period) if matype in _LEADING else period - 1


def average_state(period: int, matype: int) -> int:
    """Rows of state that `average_step_nb` needs."""
    return _STATE[matype](period) if matype in _STATE else 16 + period
