"""Where the lanes of a block begin, and which rows of them a kernel is to compute.

An indicator of an indicator starts with NaN, and a symbol listed late starts late. TA-Lib begins to count at the first bar in
which every input has a value; so do kernels, lane by lane. Neighbouring lanes with the same rows are one span.
"""

import functools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from indicators.checks import Numbers
from indicators.kernel import Kernel

Ints = NDArray[np.int64]

LATE = Kernel("spans", "late_nb", ("in",))
ADVANCE = Kernel("spans", "advance_nb", ("in", "lanes", "lanes"))
SPANS = Kernel("spans", "spans_nb", ("lanes", "lanes", "lanes", "lanes", "ints"))
DUE = Kernel("spans", "due_nb", ("lanes", "ints", "ints", "ints"))
KERNELS = (LATE, ADVANCE, SPANS, DUE)


def advance(blocks: Sequence[Numbers], begins: Ints, ends: Ints) -> None:
    """Move each lane's beginning down to the first row in which every block has a value; to its end where there is none."""
    run = ADVANCE.run
    while any(run(block, begins, ends) for block in blocks):
        pass


def whole(blocks: Sequence[Numbers]) -> tuple[Ints, int]:
    """Spans that compute all rows of all lanes from where each begins, and the row in which the last of them does."""
    rows, width = blocks[0].shape
    if not any(map(LATE.run, blocks)):
        return _all(rows, width), 0
    begins = np.zeros(width, np.int64)
    ends = np.full(width, rows, np.int64)
    advance(blocks, begins, ends)
    return between(np.arange(width), begins, begins, ends), int(begins.max())


@functools.lru_cache(256)
def _all(rows: int, lanes: int) -> Ints:
    return np.array([[0, lanes, 0, 0, rows]])


def single(blocks: Sequence[Numbers]) -> tuple[Ints, int]:
    """As `whole`, for one lane; mostly it begins in the first row, which is seen at a glance."""
    rows = blocks[0].shape[0]
    if not any(map(math.isnan, [block.item(0) for block in blocks])):
        return _all(rows, 1), 0
    begins = np.zeros(1, np.int64)
    advance(blocks, begins, np.full(1, rows, np.int64))
    begin = int(begins[0])
    return np.array([[0, 1, begin, begin, rows]]), begin


def between(lanes: Ints, begins: Ints, firsts: Ints, ends: Ints) -> Ints:
    """Spans that compute these lanes (ascending) from `firsts` to before `ends`, both of all lanes."""
    spans = np.empty((len(lanes), 5), np.int64)
    count: int = SPANS.run(lanes, begins, firsts, ends, spans)
    return spans[:count]
