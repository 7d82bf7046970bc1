"""Kernels for blocks whose lanes begin at different bars: find the beginnings, move lanes up, move results back."""

import numpy as np

from indicators.kernels.compiling import Block, Series, jitted


@jitted
def any_late_nb(values: Block) -> bool:
    """Whether some lane has no value in its first row."""
    late = 0
    if values.shape[0] > 0:
        for value in values[0]:
            late += value != value
    return late > 0


@jitted
def advance_nb(values: Block, starts: Series) -> bool:
    """Move each start down to the next row in which its lane has a value; says whether one moved."""
    rows, lanes = values.shape
    moved = False
    for lane in range(lanes):
        row = starts[lane]
        while row < rows and values[row, lane] != values[row, lane]:
            row += 1
        moved |= row != starts[lane]
        starts[lane] = row
    return moved


@jitted
def spread_nb(starts: Series, rows: int) -> tuple[int, bool, bool]:
    """First start, whether all lanes that have one share it, and whether some lane has none (its start is `rows`)."""
    first = rows
    for start in starts:
        first = min(first, start)
    together, empty = True, False
    for start in starts:
        together &= (start == first) | (start == rows)
        empty |= start == rows
    return first, together, empty


@jitted
def move_up_nb(values: Block, out: Block, starts: Series) -> None:
    """Copy each lane so that its start becomes row 0; what follows its last row is 0."""
    rows, lanes = values.shape
    # Row by row: a block is kept row by row, and walking down its columns would miss the cache at every step.
    for row in range(rows):
        for lane in range(lanes):
            source = row + starts[lane]
            out[row, lane] = values[source, lane] if source < rows else 0.0


@jitted
def move_down_nb(values: Block, out: Block, starts: Series) -> None:
    """The reverse of `move_up_nb`, for results; NaN before each start."""
    rows, lanes = values.shape
    for row in range(rows):
        for lane in range(lanes):
            source = row - starts[lane]
            out[row, lane] = values[source, lane] if source >= 0 else np.nan
