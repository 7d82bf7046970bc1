"""What kernels must know of the moving averages that TA-Lib numbers (`indicators.matypes`)."""

import math

from indicators.kernels.compiling import helper
from indicators.matypes import DEMA, HMA, KAMA, MAMA, MAMA_LEADING, NONE, T3, TEMA, ZLEMA


@helper
def average_leading_nb(period: int, matype: int) -> int:
    """Bars before the first value of this average, as `indicators.matypes.average_leading`."""
    if period <= 1 or matype == NONE:
        return 0
    bars = period - 1
    if matype == DEMA:
        bars *= 2
    elif matype == TEMA:
        bars *= 3
    elif matype == T3:
        bars *= 6
    elif matype == KAMA:
        bars = period
    elif matype == MAMA:
        bars = MAMA_LEADING
    elif matype == HMA:
        bars += int(math.sqrt(period)) - 1
    elif matype == ZLEMA:
        bars += bars // 2
    return bars
