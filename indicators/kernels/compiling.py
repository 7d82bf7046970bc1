"""How kernels are compiled: one set of options and one cache on disk for every function of this folder.

No fastmath: it would break the equality with TA-Lib and the meaning of NaN, and it is slower on recurrences.
`boundscheck` stays on (it costs nothing measurable, see `benchmarks/indicators.py`), so that a wrong window is an error
and not a read of foreign memory. Division follows IEEE (`error_model="numpy"`): a kernel raises nothing.
"""

import functools
import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core import types
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.registry import cpu_target
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Series = NDArray[np.float64]
Block = NDArray[np.float64]
Mask = NDArray[np.bool_]

OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}

# What only other kernels call needs no way in from Python or C; leaving it out halves the time to compile.
HELPER_OPTIONS: dict[str, Any] = {**OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


class KernelCache(FunctionCache):
    """Numba's cache on disk, valid as long as no file of this folder changes.

    Numba itself looks at the file of the kernel only and would go on using old machine code when a helper in another
    file changes. Files are replaced atomically and every kernel has one signature, so any number of processes may
    fill the same directory at once.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        self._cache_file = IndexDataCacheFile(  # type: ignore[no-untyped-call]
            cache_path=self._cache_path, filename_base=self._impl.filename_base, source_stamp=sources_digest()
        )


@functools.cache
def sources_digest() -> str:
    """Digest of all kernel sources; the stamp under which machine code is cached."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def jitted(function: Function) -> Function:
    """Mark a function as compiled code; other kernels may call it and then contain it."""
    return numba.njit(**HELPER_OPTIONS)(function)  # type: ignore[no-any-return]


def entry_point(kernel: Any, arguments: tuple[str, ...], dimensions: int) -> Callable[..., Any]:
    """The one compiled form of a kernel that Python calls: from the cache, or compiled now; refuses other types.

    It is a dispatcher of its own, because what other kernels need of the same function (writable inputs, slices)
    must neither be refused nor get into the cache.
    """
    dispatcher = numba.njit(**OPTIONS)(kernel.py_func)
    try:
        dispatcher._cache = KernelCache(kernel.py_func)
    except (RuntimeError, OSError) as reason:
        # There is no directory to write to. The kernel works, only every process compiles it anew.
        warnings.warn(f"indicators are compiled without a cache: {reason}: set NUMBA_CACHE_DIR", RuntimeWarning, stacklevel=2)
    dispatcher.compile(signature(arguments, dimensions))
    dispatcher.disable_compile()
    return dispatcher  # type: ignore[no-any-return]


def is_cached(kernel: Any) -> bool:
    """Whether the cache holds machine code of this kernel, of these sources and for this CPU."""
    try:
        index = KernelCache(kernel.py_func)._cache_file._load_index()  # type: ignore[no-untyped-call]
    except (RuntimeError, OSError):
        return False
    cpu = cpu_target.target_context.codegen().magic_tuple()
    return any(key[1] == cpu for key in index)


def signature(arguments: tuple[str, ...], dimensions: int) -> Any:
    """Numba's signature for argument kinds `in`, `out`, `mask`, `starts`, `int` and `float`.

    Inputs are declared read-only, which takes writable arrays as well; the reverse would refuse read-only ones. A
    series may have any stride (a column of a block has): its kernels walk one by one, so that costs nothing.
    """
    kinds = {
        "in": types.Array(types.float64, dimensions, "A" if dimensions == 1 else "C", readonly=True),
        "out": types.Array(types.float64, dimensions, "C"),
        "mask": types.Array(types.boolean, dimensions, "C"),
        "starts": types.Array(types.int64, 1, "C"),
        "int": types.int64,
        "float": types.float64,
    }
    return tuple(kinds[argument] for argument in arguments)
