"""`lanes(block, row, low, high)`: lanes of one row of a block, as a view.

Numba's own slicing checks for negative numbers, which keeps loops over lanes scalar, and counts references, which costs more
than a row of arithmetic.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array
from numpy.typing import NDArray

#: Kernels run as plain Python (`NUMBA_DISABLE_JIT=1`), so that a wrong index is an error.
DISABLED: bool = numba.config.DISABLE_JIT  # type: ignore[attr-defined]


@intrinsic
def _lanes(_typing: Any, block: Any, row: Any, low: Any, high: Any) -> Any:
    result = types.Array(block.dtype, 1, "C", readonly=not block.mutable)
    signature = result(block, types.intp, types.intp, types.intp)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        source = make_array(kind)(context, builder, arguments[0])
        width = cgutils.unpack_tuple(builder, source.shape, 2)[1]
        start = builder.gep(source.data, [builder.add(builder.mul(arguments[1], width), arguments[2])])
        size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
        row = make_array(signature.return_type)(context, builder)
        populate_array(
            row,
            data=start,
            shape=cgutils.pack_array(builder, [builder.sub(arguments[3], arguments[2])]),
            strides=cgutils.pack_array(builder, [size]),
            itemsize=size,
            meminfo=None,
        )
        return row._getvalue()

    return signature, generate


def _checked_lanes(block: NDArray[np.float64], row: int, low: int, high: int) -> NDArray[np.float64]:
    if not (0 <= row < block.shape[0] and 0 <= low <= high <= block.shape[1]):
        raise IndexError(f"lanes {low} to {high} of row {row} in a block of {block.shape}")
    return block[row, low:high]


lanes: Callable[[NDArray[np.float64], int, int, int], NDArray[np.float64]] = _checked_lanes if DISABLED else _lanes  # type: ignore[assignment]
