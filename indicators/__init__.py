"""Technical indicators over one series or a block of symbols, equal to TA-Lib, compiled with numba.

    rsi(close, 14)              close of shape (bars,)           → (bars,)
    rsi(closes, 14)             closes of shape (bars, symbols)  → (bars, symbols), the same bits, 5 to 10 times faster

Names, order of arguments and defaults are TA-Lib's in lower case, `period` stands for its `timeperiod`;
`catalog.ALIASES` holds other names that answer as well. Series are oldest first, of any real number type and stride,
never modified, and may be read-only; results are new arrays of the same shape, several as a tuple: float64,
bool for conditions, int32 for patterns and counts. Fastest is C-contiguous float64.

Where a series begins with NaN, counting begins at its first value, per symbol; a result is NaN until it is defined. A
series too short gives NaN, not an error. Results are causal (bar i depends on bars 0 to i) and symbols never touch one
another. A NaN or infinity inside a series may spoil what follows in that series.

Raises, in all functions: `TypeError` for what is no number or no array of numbers, `IndicatorError` (a `ValueError`)
for a parameter out of range or arrays of different shapes.

Importing this package imports numpy only. Kernels are compiled on first use, or taken from numba's cache on disk
(`NUMBA_CACHE_DIR`); `build` fills that cache, `warm` loads them all, `freeze` forbids to compile any more.
"""

from collections.abc import Callable, Iterable
from typing import Any

from indicators import catalog
from indicators.building import Builders, build
from indicators.checks import IndicatorError
from indicators.kernel import Kernel
from indicators.public import function_of

__all__ = ["Builders", "IndicatorError", "build", "catalog", "freeze", "warm", *catalog.BY_NAME]  # noqa: PLE0604 - names of the catalog are strings

_functions: dict[str, Callable[..., Any]] = {}


def __getattr__(name: str) -> Any:
    # Made when asked for: some are called like builtins (`max`, `sum`), which must stay what they are in this file.
    entry = catalog.BY_NAME.get(name)
    if entry is None:
        raise AttributeError(f"module 'indicators' has no attribute {name!r}")
    function = _functions.get(entry.name)
    if function is None:
        function = _functions[entry.name] = function_of(entry)
    return function


def __dir__() -> list[str]:
    return sorted({*globals(), *catalog.BY_NAME})


def warm(names: Iterable[str] | None = None, progress: Callable[[int, int, str], None] | None = None) -> None:
    """Load the kernels of these indicators (default: all), compiling those that are not in the cache on disk.

    Safe in several processes at once; they fill the same cache. What compiles takes some 150 MB of memory more than
    what only loads, and keeps it: call `build` first where that matters.

    Args:
        names: indicators by name.
        progress: called with (kernels done, kernels in all, name of the one just done).

    Raises:
        IndicatorError: a name is unknown, or a kernel is missing after `freeze`.
    """
    kernels = catalog.kernels(names)
    for done, kernel in enumerate(kernels, start=1):
        kernel.load()
        if progress is not None:
            progress(done, len(kernels), kernel.function)


def freeze() -> None:
    """Never compile in this process again, nor in its forks: a kernel that is not loaded is an `IndicatorError` now."""
    Kernel.frozen = True
