"""An indicator as data, and the way from a call to its kernel.

public function → Entry.__call__ → check → kernel over one span
worker          → Entry.bind (once a call), then Entry.blocks, Entry.state and Entry.kernel, row by row as bars come
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np

from indicators import checks, spans
from indicators.checks import Numbers, Parameter
from indicators.kernel import Kernel

Output = np.ndarray[Any, np.dtype[Any]]
Result = Output | tuple[Output, ...]
#: What results are: numbers, NaN where undefined; true or false, false where undefined; whole numbers, 0 where undefined.
Kind = Literal["value", "condition", "count"]

#: Sets of parameters whose check and sizes are remembered, for each indicator.
KNOWN_MAX: Final = 1_000

DTYPES: Final[Mapping[Kind, str]] = {"value": "float64", "condition": "bool", "count": "int32"}


@dataclass(frozen=True, eq=False)
class Entry:
    """Everything there is to know about one indicator.

    `summary` names it in a line without a full stop, `about` tells what comes out and which definition is used where tools
    differ, `source` is where the formula comes from, `talib` the function of TA-Lib it equals to 1e-9.
    `leading(**parameters)` says how many bars at the start of a series have no value; `lookback` is the checked way to ask.
    `module` names the file of `indicators.kernels` that holds its kernel, `{name}_nb`; `state` is how many numbers a lane
    keeps from bar to bar, or a function of the parameters. In conditions, an input may be a plain number instead of a series
    (but not all of them).
    """

    name: str
    group: str
    summary: str
    about: str
    source: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    leading: Callable[..., int]
    module: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    state: int | Callable[..., int] = 0
    kind: Kind = "value"
    talib: str | None = None
    kernel: Kernel = field(init=False, repr=False)
    _dtype: np.dtype[Any] = field(init=False, repr=False)
    _known_sizes: dict[tuple[Any, ...], tuple[int, int]] = field(init=False, repr=False, default_factory=dict)
    #: Checked parameters by those given by place, where all are plain `int`: 14.0 equals 14 and is something else.
    _known_parameters: dict[tuple[Any, ...], tuple[Any, ...]] = field(init=False, repr=False, default_factory=dict)
    undefined: float | bool | int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        dtype = DTYPES[self.kind]
        kinds = tuple(parameter.kind.__name__ for parameter in self.parameters.values())
        kernel = Kernel(self.module, f"{self.name}_nb", kinds, len(self.inputs), (dtype,) * len(self.outputs))
        object.__setattr__(self, "kernel", kernel)
        object.__setattr__(self, "_dtype", np.dtype(dtype))
        object.__setattr__(self, "undefined", {"value": np.nan, "condition": False, "count": 0}[self.kind])

    @property
    def takes_numbers(self) -> bool:
        """Whether a plain number may stand for a series."""
        return self.kind == "condition"

    def __call__(self, series: Sequence[Any], parameters: Sequence[Any] = ()) -> Result:
        """Compute for whatever a user passes: one series or a block, of any stride and number type; parameters from `bind`.

        Raises:
            TypeError: something is not a number or an array of numbers.
            IndicatorError: shapes differ.
        """
        arrays = self._prepared(series)
        if arrays[0].ndim == 1:
            blocks = tuple([array.reshape(-1, 1) for array in arrays])
            results = tuple([out.reshape(-1) for out in self._computed(blocks, tuple(parameters))])
        else:
            results = self._computed(arrays, tuple(parameters))
        return results[0] if len(results) == 1 else results

    def compute(self, *blocks: Any, out: Sequence[Output] = (), **parameters: Any) -> tuple[Output, ...]:
        """All symbols at once, unchecked: blocks are C-contiguous float64 of one shape (bars, symbols), read-only or not.

        Parameters must come from `bind`; those left out have their defaults. Where a number may stand for a series, a block
        may be a plain float. The outputs are new arrays of that shape, or `out`, if the arrays of an earlier call are given and
        nobody looks at them any more: fresh memory comes from the system page by page, which for a large block may cost
        more than the arithmetic. Arrays of another shape are left alone. Rows are causal and lanes independent: garbage in a
        lane, or below the last bar of a lane, changes nothing above or beside it.
        """
        values = tuple([parameters.pop(name, default.default) for name, default in self.parameters.items()])
        if parameters:
            raise TypeError(f"{self.name}: keyword {', '.join(parameters)} is unknown: expected {', '.join(self.parameters)}")
        return self._computed(self._filled(blocks) if self.takes_numbers else blocks, values, tuple(out))

    def blocks(self, rows: int, lanes: int) -> tuple[Output, ...]:
        """Arrays for the results, filled with what stands for undefined."""
        return tuple([np.full((rows, lanes), self.undefined, self._dtype) for _ in self.outputs])

    def new_state(self, parameters: Sequence[Any], lanes: int) -> Numbers:
        """What the kernel keeps from bar to bar, of shape (quantities, lanes), before the first bar."""
        return np.zeros((self.sizes(tuple(parameters))[1], lanes))

    def sizes(self, parameters: tuple[Any, ...]) -> tuple[int, int]:
        """Bars without a value, and quantities of state; remembered, as most calls use a few sets of parameters."""
        found = self._known_sizes.get(parameters)
        if found is None:
            named = dict(zip(self.parameters, parameters, strict=True))
            state = self.state if isinstance(self.state, int) else self.state(**named)
            if len(self._known_sizes) >= KNOWN_MAX:
                self._known_sizes.clear()
            found = self._known_sizes[parameters] = (self.leading(**named), state)
        return found

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
        count = len(self.inputs)
        given = tuple(args[count:])
        # What most calls are made of has been checked before.
        plain = not kwargs and len(args) >= count and {int}.issuperset(map(type, given))
        found = self._known_parameters.get(given) if plain else None
        if found is not None:
            return tuple(args[:count]), found
        series, parameters = checks.bound(self.name, self.inputs, self.parameters, args, kwargs)
        checked = self.check_parameters(parameters)
        if plain:
            if len(self._known_parameters) >= KNOWN_MAX:
                self._known_parameters.clear()
            self._known_parameters[given] = checked
        return tuple(series), checked

    def check_parameters(self, values: Sequence[Any]) -> tuple[Any, ...]:
        """The parameters as plain int and float, or an error that names the one that is wrong."""
        return tuple(
            [
                parameter.check(value, self.name, name)
                for (name, parameter), value in zip(self.parameters.items(), values, strict=True)
            ]
        )

    def _computed(
        self, blocks: tuple[Numbers, ...], parameters: tuple[Any, ...], outs: tuple[Output, ...] = ()
    ) -> tuple[Output, ...]:
        rows, lanes = blocks[0].shape
        if not outs or outs[0].shape != (rows, lanes):
            outs = tuple([np.empty((rows, lanes), self._dtype) for _ in self.outputs])
        if rows and lanes:
            plan, begun = spans.single(blocks) if lanes == 1 else spans.whole(blocks)
            undefined = begun + self.sizes(parameters)[0]
            if undefined:
                for out in outs:
                    out[:undefined] = self.undefined
            self.kernel.run(blocks, outs, parameters, self.new_state(parameters, lanes), plan)
        return outs

    def _prepared(self, series: Sequence[Any]) -> tuple[Numbers, ...]:
        named = zip(series, self.inputs, strict=True)
        if self.takes_numbers:
            number, numbers = checks.number, checks.numbers
            arrays = self._filled([(numbers if np.ndim(one) else number)(one, self.name, name) for one, name in named])
        else:
            arrays = tuple([checks.numbers(one, self.name, name) for one, name in named])
        checks.same_shape(arrays, self.name, self.inputs)
        return arrays

    def _filled(self, series: Sequence[Any]) -> tuple[Numbers, ...]:
        """Numbers among the inputs as arrays like the others."""
        if not self.takes_numbers:
            return tuple(series)
        like = next((values for values in series if isinstance(values, np.ndarray)), None)
        if like is None:
            raise TypeError(f"{self.name}: {' and '.join(self.inputs)} were numbers: expected at least one series")
        return tuple([values if isinstance(values, np.ndarray) else np.full_like(like, values) for values in series])
