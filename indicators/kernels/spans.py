"""Which rows of which lanes are to be computed, as the spans a kernel's loop takes."""

from indicators.kernels.compiling import Block, Ints, helper


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
        begin, end = begins[lane], ends[lane]
        first = max(firsts[lane], begin)
        if first >= end:
            continue
        last = count - 1
        if last >= 0 and spans[last, 1] == lane and spans[last, 2] == begin and spans[last, 3] == first and spans[last, 4] == end:
            spans[last, 1] = lane + 1
            continue
        spans[count, 0], spans[count, 1] = lane, lane + 1
        spans[count, 2], spans[count, 3], spans[count, 4] = begin, first, end
        count += 1
    return count
