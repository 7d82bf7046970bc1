"""An indicator as data, and the way from a call to its kernels.

public function → Entry.__call__ → check → series kernel or block kernel
worker          → Entry.bind (once a call), Entry.compute (once for all symbols)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy import empty

from indicators import checks, lanes
from indicators.checks import Numbers, Parameter
from indicators.kernel import Kernel

FLOAT64 = np.dtype(np.float64)

Output = np.ndarray[Any, np.dtype[Any]]
Result = Output | tuple[Output, ...]


@dataclass(frozen=True, eq=False)
class Entry:
    """Everything there is to know about one indicator.

    `leading` says how many bars at the start of a series have no value; `lookback` is the checked way to ask.
    `module` names the file of `indicators.kernels` that holds its two kernels. `boolean` marks conditions: their
    outputs are of dtype bool, False where undefined, and an input may be a plain number instead of a series (but not
    all of them).
    """

    name: str
    group: str
    summary: str
    source: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    leading: Callable[..., int]
    module: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    boolean: bool = False
    kernels: tuple[Kernel, Kernel] = field(init=False, repr=False)
    _ranges: tuple[tuple[type, Any, Any], ...] = field(init=False, repr=False)
    _dtype: np.dtype[Any] = field(init=False, repr=False)
    _single: bool = field(init=False, repr=False)
    _series_kernel: Kernel = field(init=False, repr=False)

    def __post_init__(self) -> None:
        result = "mask" if self.boolean else "out"
        arguments = (
            *("in" for _ in self.inputs),
            *(result for _ in self.outputs),
            *(parameter.kind.__name__ for parameter in self.parameters.values()),
        )
        series = Kernel(self.module, f"{self.name}_series_nb", arguments, 1)
        block = Kernel(self.module, f"{self.name}_block_nb", arguments, 2)
        object.__setattr__(self, "kernels", (series, block))
        object.__setattr__(self, "_ranges", tuple((one.kind, one.low, one.high) for one in self.parameters.values()))
        object.__setattr__(self, "_single", len(self.outputs) == 1)
        object.__setattr__(self, "_series_kernel", series)
        object.__setattr__(self, "_dtype", np.dtype(np.bool_) if self.boolean else FLOAT64)

    def __call__(self, series: tuple[Any, ...], parameters: tuple[Any, ...] = ()) -> Result:
        """Compute for whatever a user passes: one series or a block, of any stride and number type.

        Raises:
            TypeError: something is not a number or an array of numbers.
            IndicatorError: a parameter is out of range, or shapes differ.
        """
        for value, (kind, low, high) in zip(parameters, self._ranges):  # noqa: B905 - strict costs more than the check
            if type(value) is not kind or not low <= value <= high:
                parameters = self.check_parameters(parameters)
                break
        # One series of float64 without a lead-in is the ordinary case: as little as can be stands between it and the
        # kernel, which refuses other types anyway. Everything else takes the careful way below.
        try:
            first = series[0]
            if first.ndim == 1:
                rows, total = len(first), 0.0
                for values in series:
                    total += values.item(0)
                    if len(values) != rows:
                        total = np.nan
                if total == total:
                    if self._single:
                        out = empty(rows, self._dtype)
                        self._series_kernel.run(*series, out, *parameters)
                        return out
                    outs = tuple([empty(rows) for _ in self.outputs])
                    self._series_kernel.run(*series, *outs, *parameters)
                    return outs
        except (TypeError, AttributeError, IndexError):
            # Not plain arrays: the careful way below converts them, or says what is wrong.
            pass
        arrays = self._prepared(series)
        results = self._series(arrays, parameters) if arrays[0].ndim == 1 else self._block(arrays, parameters)
        return results[0] if self._single else results

    def compute(self, *blocks: Any, out: Sequence[Output] = (), **parameters: Any) -> tuple[Output, ...]:
        """All symbols at once, unchecked: blocks are C-contiguous float64 of one shape (bars, symbols), read-only or not.

        Parameters must come from `bind`; those left out have their defaults. In a boolean indicator a block may be a
        plain float. The outputs are new arrays of that shape, or `out`, if the arrays of an earlier call are given and
        nobody looks at them any more: fresh memory comes from the system page by page, which for a large block may cost
        more than the arithmetic. Arrays of another shape are left alone. Rows are causal and lanes independent: garbage
        in a lane, or below the last bar of a lane, changes nothing above or beside it.
        """
        values = tuple([parameters.pop(name, default.default) for name, default in self.parameters.items()])
        if parameters:
            raise TypeError(f"{self.name}: keyword {', '.join(parameters)} is unknown: expected {', '.join(self.parameters)}")
        return self._block(self._filled(blocks) if self.boolean else blocks, values, tuple(out))

    def lookback(self, **parameters: Any) -> int:
        """Bars at the start of a series for which there is no value; parameters left out have their defaults.

        Raises:
            TypeError, IndicatorError: as `bind`.
        """
        _, values = checks.bound(self.name, (), self.parameters, (), parameters)
        return self.leading(**dict(zip(self.parameters, self.check_parameters(values), strict=True)))

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Split the arguments of `name(*args, **kwargs)` into the series as given and the checked parameters.

        The parameters come in the order of `self.parameters`, as plain int and float: equal calls, equal keys.

        Raises:
            TypeError: an argument is missing, unknown, doubled or of a wrong kind.
            IndicatorError: a parameter is out of range.
        """
        series, parameters = checks.bound(self.name, self.inputs, self.parameters, args, kwargs)
        return tuple(series), self.check_parameters(parameters)

    def check_parameters(self, values: Sequence[Any]) -> tuple[Any, ...]:
        """The parameters as plain int and float, or an error that names the one that is wrong."""
        return tuple(
            parameter.check(value, self.name, name)
            for (name, parameter), value in zip(self.parameters.items(), values, strict=True)
        )

    def _prepared(self, series: Sequence[Any]) -> tuple[Numbers, ...]:
        arrays = [
            checks.number(value, self.name, name)
            if self.boolean and np.ndim(value) == 0
            else checks.numbers(value, self.name, name)
            for value, name in zip(series, self.inputs, strict=True)
        ]
        filled = self._filled(arrays)
        checks.same_shape(filled, self.name, self.inputs)
        return filled

    def _filled(self, series: Sequence[Any]) -> tuple[Numbers, ...]:
        """Numbers among the inputs as arrays like the others."""
        like = next((values for values in series if isinstance(values, np.ndarray)), None)
        if like is None:
            raise TypeError(f"{self.name}: {' and '.join(self.inputs)} were numbers: expected at least one series")
        return tuple([values if isinstance(values, np.ndarray) else np.full_like(like, values) for values in series])

    def _series(self, series: Sequence[Numbers], parameters: tuple[Any, ...]) -> tuple[Output, ...]:
        rows = len(series[0])
        outs = tuple([np.empty(rows, self._dtype) for _ in self.outputs])
        first = 0 if self.boolean or rows == 0 else lanes.first_value(series)
        self.kernels[0].run(*[values[first:] for values in series], *[out[first:] for out in outs], *parameters)
        for out in outs:
            out[:first] = np.nan
        return outs

    def _block(self, blocks: Sequence[Numbers], parameters: tuple[Any, ...], outs: tuple[Output, ...] = ()) -> tuple[Output, ...]:
        if not outs or outs[0].shape != blocks[0].shape:
            outs = tuple([np.empty(blocks[0].shape, self._dtype) for _ in self.outputs])
        run = self.kernels[1].run
        if self.boolean or blocks[0].size == 0 or lanes.begin_together(blocks):
            run(*blocks, *outs, *parameters)
        else:
            lanes.compute_from_first_values(blocks, outs, lambda ins, results: run(*ins, *results, *parameters))
        return outs
