"""What all candlestick patterns share: colours, bodies, shadows and gaps, and what counts as long, short, near or equal.

A candle is long, or a shadow short, in comparison with the candles before it: the limit is a multiple of the average of some
measure of them. Settings and order of additions are TA-Lib's: on prices of a coarse grid, and on standing ones, a comparison
with a limit is often a tie, which another rounding would decide the other way.

A kernel calls `body_limit`, `height_limit` or `shadows_limit` on every bar for each limit it needs, and reads the limits of
the bar with `lanes(state, quantity + 1, low, high)`. What it needs is a tuple made by `limit_of` when the module is loaded,
not a row of arguments: numba compiles a helper anew for every literal number it is called with.
"""

from indicators.kernels.compiling import Block, Blocks, helper
from indicators.kernels.rows import lanes

# Bars that are averaged, and the multiple of the average.
Setting = tuple[int, float]

# Of real bodies: `body_limit`.
BODY_LONG: Setting = (10, 1.0)
BODY_SHORT: Setting = (10, 1.0)
# Of heights, from low to high: `height_limit`.
BODY_DOJI: Setting = (10, 0.1)
SHADOW_VERY_SHORT: Setting = (10, 0.1)
NEAR: Setting = (5, 0.2)
FAR: Setting = (5, 0.6)
EQUAL: Setting = (5, 0.05)
# Of the mean of both shadows: `shadows_limit`.
SHADOW_SHORT: Setting = (10, 1.0)
# A shadow is long as against the body of its own candle.
SHADOW_LONG = 1.0
SHADOW_VERY_LONG = 2.0

# A setting, how many bars back the candle lies that is judged, the age from which on the pattern is defined, row of state.
Limit = tuple[int, float, int, int, int]


def limit_of(setting: Setting, leading: int, quantity: int, shift: int = 0) -> Limit:
    """What a limit is made of; it takes two rows of state, `quantity` (the total) and `quantity + 1` (the limit)."""
    return (*setting, shift, leading, quantity)


@helper
def larger(a: float, b: float) -> float:
    """The larger of two numbers as one machine instruction; numba's max() treats NaN in its own way, which takes branches."""
    return a if a > b else b  # noqa: FURB136


@helper
def smaller(a: float, b: float) -> float:
    """The smaller of two numbers, as `larger`."""
    return a if a < b else b  # noqa: FURB136


@helper
def colour(opened: float, closed: float) -> int:
    """1 for a white candle, -1 for a black one; without a body it is white."""
    return 1 if closed >= opened else -1


@helper
def body(opened: float, closed: float) -> float:
    """Length of the real body."""
    return abs(closed - opened)


@helper
def upper_shadow(opened: float, top: float, closed: float) -> float:
    """Length of the line above the real body."""
    return top - larger(closed, opened)


@helper
def lower_shadow(opened: float, bottom: float, closed: float) -> float:
    """Length of the line below the real body."""
    return smaller(closed, opened) - bottom


@helper
def gap_up(opened: float, closed: float, opened_before: float, closed_before: float) -> bool:
    """Whether a real body lies above another one."""
    return smaller(opened, closed) > larger(opened_before, closed_before)


@helper
def gap_down(opened: float, closed: float, opened_before: float, closed_before: float) -> bool:
    """Whether a real body lies below another one."""
    return larger(opened, closed) < smaller(opened_before, closed_before)


@helper
def body_limit(ins: Blocks, limit: Limit, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Bring a limit of real bodies up to this bar: the candles that count lie before the one it is for.

    Up to the first bar of the pattern the first window is added up; then each bar adds what is new less what leaves.
    """
    period, factor, shift, leading, quantity = limit
    total, result = lanes(state, quantity, low, high), lanes(state, quantity + 1, low, high)
    if age == 0:
        total[:] = 0.0
    if age <= leading - period:
        return
    growing, newest = age <= leading, row - 1 - shift
    oldest = newest if growing else newest - period
    opened, closed = lanes(ins[0], newest, low, high), lanes(ins[3], newest, low, high)
    old_opened, old_closed = lanes(ins[0], oldest, low, high), lanes(ins[3], oldest, low, high)
    for lane in range(high - low):
        leaving = 0.0 if growing else abs(old_closed[lane] - old_opened[lane])
        total[lane] += abs(closed[lane] - opened[lane]) - leaving
        result[lane] = factor * (total[lane] / period)


@helper
def height_limit(ins: Blocks, limit: Limit, state: Block, row: int, age: int, low: int, high: int) -> None:
    """As `body_limit`, of the heights of candles."""
    period, factor, shift, leading, quantity = limit
    total, result = lanes(state, quantity, low, high), lanes(state, quantity + 1, low, high)
    if age == 0:
        total[:] = 0.0
    if age <= leading - period:
        return
    growing, newest = age <= leading, row - 1 - shift
    oldest = newest if growing else newest - period
    top, bottom = lanes(ins[1], newest, low, high), lanes(ins[2], newest, low, high)
    old_top, old_bottom = lanes(ins[1], oldest, low, high), lanes(ins[2], oldest, low, high)
    for lane in range(high - low):
        leaving = 0.0 if growing else old_top[lane] - old_bottom[lane]
        total[lane] += (top[lane] - bottom[lane]) - leaving
        result[lane] = factor * (total[lane] / period)


@helper
def shadows_limit(ins: Blocks, limit: Limit, state: Block, row: int, age: int, low: int, high: int) -> None:
    """As `body_limit`, of the means of the two shadows."""
    period, factor, shift, leading, quantity = limit
    total, result = lanes(state, quantity, low, high), lanes(state, quantity + 1, low, high)
    if age == 0:
        total[:] = 0.0
    if age <= leading - period:
        return
    growing, newest = age <= leading, row - 1 - shift
    oldest = newest if growing else newest - period
    opened, top = lanes(ins[0], newest, low, high), lanes(ins[1], newest, low, high)
    bottom, closed = lanes(ins[2], newest, low, high), lanes(ins[3], newest, low, high)
    old_opened, old_top = lanes(ins[0], oldest, low, high), lanes(ins[1], oldest, low, high)
    old_bottom, old_closed = lanes(ins[2], oldest, low, high), lanes(ins[3], oldest, low, high)
    for lane in range(high - low):
        entering = _shadows(opened[lane], top[lane], bottom[lane], closed[lane])
        leaving = 0.0 if growing else _shadows(old_opened[lane], old_top[lane], old_bottom[lane], old_closed[lane])
        total[lane] += entering - leaving
        result[lane] = factor * (total[lane] / period) / 2.0


@helper
def _shadows(opened: float, top: float, bottom: float, closed: float) -> float:
    return upper_shadow(opened, top, closed) + lower_shadow(opened, bottom, closed)
