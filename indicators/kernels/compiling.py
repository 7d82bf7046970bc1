"""How kernels are compiled: one form and one set of options for every function of this folder.

A kernel computes one row of an indicator for neighbouring lanes (symbols side by side):

    kernel(ins, outs, params, state, row, age, low, high)

`ins` and `outs` are tuples of blocks (bars, symbols), `params` the parameters in order, `state` what must be known of the
bars before, one row a quantity. `row` is the bar to compute, `age` how many bars of these lanes came before it (0: the
first), `low` to `high` the lanes. Full computation, extension by new bars and the bar still forming are the same machine
code over different rows, and so the same bits; loops over lanes run side by side in the vector unit.

A kernel writes `outs[...][row]` where the result is defined and leaves it alone before (the caller filled in what stands
for undefined); it reads inputs from `row - age` to `row` and no state of an age it has not written.

No fastmath: it would break the equality with TA-Lib and the meaning of NaN, and it is slower on recurrences. Division
follows IEEE (`error_model="numpy"`): a kernel raises nothing. Without numba's run-time (`_nrt`) a kernel can allocate
nothing, and counts no references.
"""

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import llvmlite.binding
import numba
import numpy as np
from numba.core import types
from numpy.typing import NDArray

from indicators.kernels.pipeline import Compiler, HelperCompiler, OptimisedHelperCompiler
from indicators.kernels.rows import DISABLED
from indicators.storage import KernelCache

Function = TypeVar("Function", bound=Callable[..., Any])
Lanes = NDArray[np.float64]
Block = NDArray[np.float64]
Ints = NDArray[np.int64]
Blocks = tuple[Block, ...]

OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "_nrt": False,
    "no_cfunc_wrapper": True,
    "pipeline_class": Compiler,
}

# Comparisons of addresses that a loop over lanes may begin with. LLVM's own bound (8) leaves every loop over more than four
# rows of memory scalar.
llvmlite.binding.set_option("indicators", "-runtime-memory-check-threshold=200")


def kernel(function: Function) -> Function:
    """Mark a function of the form above; it becomes part of the loop that calls it."""
    return numba.njit(**OPTIONS, inline="always")(function)  # type: ignore[no-any-return]


def helper(function: Function) -> Function:
    """Mark a function that kernels call. It may be given rows and blocks, and returns numbers only."""
    return _helper(function, HelperCompiler)


def optimised_helper(function: Function) -> Function:
    """The same, whose loops are made side by side before its callers are: where those would keep them scalar."""
    return _helper(function, OptimisedHelperCompiler)


def _helper(function: Function, compiler: type[HelperCompiler]) -> Function:
    dispatcher: Any = numba.njit(**{**OPTIONS, "no_cpython_wrapper": True, "pipeline_class": compiler})(function)
    if DISABLED:
        return dispatcher  # type: ignore[no-any-return]
    resolve = dispatcher.get_call_template

    def without_constants(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        # To numba each constant is a type of its own, for which it would compile the helper once more.
        return resolve(tuple(map(types.unliteral, arguments)), {name: types.unliteral(one) for name, one in keywords.items()})

    dispatcher.get_call_template = without_constants
    return dispatcher  # type: ignore[no-any-return]


def driven(function: Any, ins: int, outs: tuple[str, ...], params: tuple[str, ...]) -> Callable[..., Any]:
    """The compiled loop around a kernel: `run(ins, outs, params, state, spans)`; from the cache, or compiled now.

    Each row of `spans` says which rows of which lanes are computed: low lane, high lane, the row in which those lanes begin,
    first row, row after the last. Arguments of other types are refused with a TypeError.
    """

    def run(ins: Blocks, outs: Blocks, params: tuple[Any, ...], state: Block, spans: Ints) -> None:
        for span in range(spans.shape[0]):
            low, high, begin = spans[span, 0], spans[span, 1], spans[span, 2]
            for row in range(spans[span, 3], spans[span, 4]):
                function(ins, outs, params, state, row, row - begin, low, high)

    signature = (
        _tuple_of(("in",) * ins),
        _tuple_of(outs),
        _tuple_of(params),
        _kind("float64"),
        _kind("ints"),
    )
    if DISABLED:
        return run
    return _compiled(run, getattr(function, "py_func", function), signature)


def plain(function: Any, arguments: tuple[str, ...]) -> Callable[..., Any]:
    """The one compiled form of a helper that Python calls; argument kinds as in `_kind`."""
    if DISABLED:
        return function  # type: ignore[no-any-return]
    return _compiled(function.py_func, function.py_func, tuple(map(_kind, arguments)))


def _compiled(body: Callable[..., Any], owner: Callable[..., Any], signature: tuple[Any, ...]) -> Callable[..., Any]:
    dispatcher = numba.njit(**OPTIONS)(body)
    try:
        dispatcher._cache = KernelCache(owner)
    except (RuntimeError, OSError) as reason:
        # There is no directory to read from or to write to. The kernel works, only every process compiles it anew.
        warnings.warn(f"indicators are compiled without a cache: {reason}: set NUMBA_CACHE_DIR", RuntimeWarning, stacklevel=2)
    dispatcher.compile(signature)
    dispatcher.disable_compile()
    return dispatcher  # type: ignore[no-any-return]


def machine_code(compiled: Any) -> Callable[..., Any]:
    """The way into compiled code that costs least: 0.2 instead of 0.6 us a call. It looks at no type of its arguments.

    Valid as long as `compiled` lives.
    """
    if DISABLED:
        return compiled  # type: ignore[no-any-return]
    (overload,) = compiled.overloads.values()
    return overload.entry_point  # type: ignore[no-any-return]


def _tuple_of(names: tuple[str, ...]) -> Any:
    return types.Tuple(tuple(map(_kind, names)))


def _kind(name: str) -> Any:
    """Numba's type for an argument kind.

    Inputs are declared as if they could be written, although no kernel does: helpers would otherwise be compiled once more
    for rows of inputs. Machine code itself does not ask, and takes read-only arrays.
    """
    kinds = {
        "in": types.Array(types.float64, 2, "C"),
        "float64": types.Array(types.float64, 2, "C"),
        "bool": types.Array(types.boolean, 2, "C"),
        "int32": types.Array(types.int32, 2, "C"),
        "ints": types.Array(types.int64, 2, "C"),
        "lanes": types.Array(types.int64, 1, "C"),
        "int": types.int64,
        "float": types.float64,
    }
    return kinds[name]
