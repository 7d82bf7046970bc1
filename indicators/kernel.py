"""A kernel as the rest of the package sees it: named by module and function, loaded when first called.

So importing `indicators` imports no numba, costs a few milliseconds and loads no machine code; a process pays for what
it calls. `freeze` ends that: what is not in the cache by then is never compiled (a locked-down worker has no right to).
"""

import importlib
from collections.abc import Callable
from typing import Any

from indicators.checks import IndicatorError


class Kernel:
    """One compiled function of `indicators.kernels`. `run(*arguments)` is the machine code itself, once loaded: whoever calls
    it answers for the types of what is passed. `compiled` is the same behind a check of every type.

    With `outs` it is the kernel of an indicator, see `indicators.kernels.compiling`: `ins` counts its inputs, `outs` are the
    dtypes of its results, `params` the kinds of its parameters. Without, `params` are the arguments of a plain function.
    """

    __slots__ = ("compiled", "function", "ins", "module", "outs", "params", "run")

    frozen = False

    def __init__(self, module: str, function: str, params: tuple[str, ...], ins: int = 0, outs: tuple[str, ...] = ()) -> None:
        self.module = module
        self.function = function
        self.params = params
        self.ins = ins
        self.outs = outs
        self.compiled: Any = None
        self.run: Callable[..., Any] = self._load_and_run

    @property
    def loaded(self) -> bool:
        """Whether the machine code is in this process."""
        return self.compiled is not None

    def load(self) -> None:
        """Take the machine code from the cache (some ms), or compile it (0.3 to 7 s); does nothing when it is there.

        Raises:
            IndicatorError: after `freeze`, when the cache does not hold it.
        """
        if self.loaded:
            return
        compiling, function = self._source()
        if Kernel.frozen and not self.is_cached():
            raise IndicatorError(f"{self.function} was not compiled before freeze(): call build() or warm() first")
        if self.outs:
            self.compiled = compiling.driven(function, self.ins, self.outs, self.params)
        else:
            self.compiled = compiling.plain(function, self.params)
        self.run = compiling.machine_code(self.compiled)

    def is_cached(self) -> bool:
        """Whether `load` would find the machine code on disk."""
        from indicators import storage

        return storage.is_cached(self._source()[1])

    def _source(self) -> tuple[Any, Any]:
        # Imported here and not above: numba costs 0.3 s and 40 MB, which a process that only reads the catalog must not pay.
        from indicators.kernels import compiling

        return compiling, getattr(importlib.import_module(f"indicators.kernels.{self.module}"), self.function)

    def _load_and_run(self, *arguments: Any) -> Any:
        self.load()
        return self.run(*arguments)
