"""Kernels of the functions of one value: roots, logarithms, circular and hyperbolic functions, rounding.

All are the same loop around another function of the C library, which is also what TA-Lib calls. Outside a function's
domain the result is NaN or infinite, as there.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from indicators.kernels.compiling import Block, Blocks, kernel
from indicators.kernels.rows import lanes

Kernel = Callable[[Blocks, Blocks, Any, Block, int, int, int, int], None]


def _each(name: str, function: Any) -> Kernel:
    """The kernel `{name}_nb`, which applies a function to each value."""

    def each(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
        (values,), (out,), _ = ins, outs, params
        newest, result = lanes(values, row, low, high), lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = function(newest[lane])

    # The cache on disk tells kernels apart by their names.
    each.__name__ = each.__qualname__ = f"{name}_nb"
    return kernel(each)


acos_nb = _each("acos", math.acos)
asin_nb = _each("asin", math.asin)
atan_nb = _each("atan", math.atan)
# numba's math.ceil and math.floor give whole numbers, which have no infinity.
ceil_nb = _each("ceil", np.ceil)
cos_nb = _each("cos", math.cos)
cosh_nb = _each("cosh", math.cosh)
exp_nb = _each("exp", math.exp)
floor_nb = _each("floor", np.floor)
ln_nb = _each("ln", math.log)
log10_nb = _each("log10", math.log10)
sin_nb = _each("sin", math.sin)
sinh_nb = _each("sinh", math.sinh)
sqrt_nb = _each("sqrt", math.sqrt)
tan_nb = _each("tan", math.tan)
tanh_nb = _each("tanh", math.tanh)
