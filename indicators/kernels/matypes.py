"""What kernels must know of the moving averages that TA-Lib numbers (`indicators.matypes`)."""

import math

from indicators.kernels.compiling import helper


@helper
def average_leading_nb(period: int, matype: int) -> int:
    """Bars before the first value of this average, as `indicators.matypes.average_leading`."""
    if period <= 1 or matype == 10:
        return 0
    bars = period - 1
    if matype in (3, 4, 8):
        bars *= matype - 1 if matype < 8 else 6
    elif matype == 6:
        bars = period
    elif matype == 7:
        bars = 32
    elif matype == 9:
        bars += int(math.sqrt(period)) - 1
    elif matype == 12:
        bars += bars // 2
    return bars
