"""Sums over the window that ends in a row, taken anew on each bar.

Values are taken as distances from the newest one. So a window that stands still gives exact zeros, whatever came before it,
and what is lost to cancellation is bounded by the length of the window.
"""

from indicators.kernels.compiling import Block, Lanes, helper
from indicators.kernels.rows import lanes


@helper
def distances_nb(values: Block, total: Lanes, squares: Lanes, period: int, row: int, low: int, high: int) -> None:
    """Sum of the distances of the window's values from the newest one, and of their squares."""
    newest = lanes(values, row, low, high)
    total[:] = 0.0
    squares[:] = 0.0
    for back in range(1, period):
        earlier = lanes(values, row - back, low, high)
        for lane in range(high - low):
            distance = earlier[lane] - newest[lane]
            total[lane] += distance
            squares[lane] += distance * distance


@helper
def sum_of_rows_nb(state: Block, base: int, period: int, total: Lanes, low: int, high: int) -> None:
    """Sum of neighbouring rows of state."""
    total[:] = 0.0
    for slot in range(base, base + period):
        one = lanes(state, slot, low, high)
        for lane in range(high - low):
            total[lane] += one[lane]
