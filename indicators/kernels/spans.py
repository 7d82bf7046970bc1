"""Which rows of which lanes are to be computed, as the spans a kernel's loop takes."""

from indicators.kernels.compiling import Block, Ints, helper


@helper
def late_nb(values: Block) -> bool:
    """Whether the first row of a lane has no value."""
    late = False
    for lane in range(values.shape[1]):
        late |= values[0, lane] != values[0, lane]
    return late


@helper
def advance_nb(values: Block, begins: Ints, ends: Ints) -> bool:
    """Move each beginning down to the next row in which its lane has a value, at most to its end; says whether one moved."""
    moved = False
    for lane in range(begins.shape[0]):
        row = begins[lane]
        while row < ends[lane] and values[row, lane] != values[row, lane]:
            row += 1
        moved |= row != begins[lane]
        begins[lane] = row
    return moved


@helper
def spans_nb(lanes: Ints, begins: Ints, firsts: Ints, ends: Ints, spans: Ints) -> int:
    """Write the spans of these lanes, neighbours with the same rows as one; returns how many there are.

    Lane numbers ascend; `begins`, `firsts` and `ends` are of all lanes. Rows before a lane begins are left out.
    """
    count = 0
    for index in range(lanes.shape[0]):
        lane = lanes[index]
        count = _add(spans, 0, count, lane, begins[lane], max(firsts[lane], begins[lane]), ends[lane])
    return count


@helper
def due_nb(lanes: Ints, held: Ints, market: Ints, spans: Ints) -> tuple[int, int, int]:
    """What of a remembered block is to be computed for these lanes: spans of closed bars, then spans of forming ones.

    `market` holds, for all lanes, stamps, epochs, closed bars, and bars with the forming one; `held` the stamps and epochs
    that were computed from, the rows in which lanes begin, and the closed bars done. Returns how many spans of closed bars
    there are, how many of forming ones (from row `len(lanes)` on), and how many lanes must begin anew, in which case nothing
    is planned. What is planned counts as done.
    """
    anew = 0
    for index in range(lanes.shape[0]):
        anew += held[1, lanes[index]] != market[1, lanes[index]]
    if anew > 0:
        return 0, 0, anew
    closed = forming = 0
    half = lanes.shape[0]
    for index in range(half):
        lane = lanes[index]
        if held[0, lane] == market[0, lane]:
            continue
        held[0, lane] = market[0, lane]
        begin, ended = held[2, lane], market[2, lane]
        closed = _add(spans, 0, closed, lane, begin, max(held[3, lane], begin), ended)
        held[3, lane] = ended
        forming = _add(spans, half, forming, lane, begin, max(ended, begin), market[3, lane])
    return closed, forming, 0


@helper
def _add(spans: Ints, base: int, count: int, lane: int, begin: int, first: int, end: int) -> int:
    """One lane more: part of the last span, if it is its neighbour and has the same rows; returns how many spans there are."""
    if first >= end:
        return count
    last = base + count - 1
    if count > 0 and spans[last, 1] == lane and spans[last, 2] == begin and spans[last, 3] == first and spans[last, 4] == end:
        spans[last, 1] = lane + 1
        return count
    place = base + count
    spans[place, 0], spans[place, 1] = lane, lane + 1
    spans[place, 2], spans[place, 3], spans[place, 4] = begin, first, end
    return count + 1
