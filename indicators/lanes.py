"""Blocks whose lanes begin at different bars.

An indicator of an indicator starts with NaN, and a symbol listed late starts late. TA-Lib begins to count at a series'
first value, so a kernel must see each lane from there. Lanes that begin together are a slice of the block; others are
copied side by side first, computed in one pass as ever, and copied back.
"""

from collections.abc import Callable, Sequence

import numpy as np

from indicators.checks import Numbers
from indicators.kernel import Kernel

ANY_LATE = Kernel("lanes", "any_late_nb", ("in",), 2)
ADVANCE = Kernel("lanes", "advance_nb", ("in", "starts"), 2)
SPREAD = Kernel("lanes", "spread_nb", ("starts", "int"), 1)
MOVE_UP = Kernel("lanes", "move_up_nb", ("in", "out", "starts"), 2)
MOVE_DOWN = Kernel("lanes", "move_down_nb", ("in", "out", "starts"), 2)
KERNELS = (ANY_LATE, ADVANCE, SPREAD, MOVE_UP, MOVE_DOWN)

Compute = Callable[[Sequence[Numbers], Sequence[Numbers]], None]


def begin_together(blocks: Sequence[Numbers]) -> bool:
    """Whether every lane has a value of every input in row 0: the ordinary case."""
    late = ANY_LATE.run
    return not any(late(block) for block in blocks)


def compute_from_first_values(blocks: Sequence[Numbers], outs: Sequence[Numbers], compute: Compute) -> None:
    """Run `compute(inputs, outputs)` so that row 0 of each lane is the first bar in which all inputs have a value.

    Rows before that, and lanes without such a bar, become NaN in all outputs.
    """
    rows = blocks[0].shape[0]
    starts = first_values(blocks)
    first, together, some_empty = SPREAD.run(starts, rows)
    if together:
        compute([block[first:] for block in blocks], [out[first:] for out in outs])
        for out in outs:
            out[:first] = np.nan
            if some_empty:
                out[:, starts == rows] = np.nan
        return
    moved = [np.empty_like(block) for block in blocks]
    results = [np.empty_like(out) for out in outs]
    for block, upward in zip(blocks, moved, strict=True):
        MOVE_UP.run(block, upward, starts)
    compute(moved, results)
    for result, out in zip(results, outs, strict=True):
        MOVE_DOWN.run(result, out, starts)


def first_values(blocks: Sequence[Numbers]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Per lane the first row in which every block has a value; the number of rows where there is none."""
    starts = np.zeros(blocks[0].shape[1], dtype=np.int64)
    while any(ADVANCE.run(block, starts) for block in blocks):
        pass
    return starts


def first_value(series: Sequence[Numbers]) -> int:
    """As `first_values`, for one series."""
    missing = np.isnan(series[0])
    for values in series[1:]:
        missing |= np.isnan(values)
    first = int(missing.argmin())
    return first if not missing[first] else len(missing)
