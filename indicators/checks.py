"""What callers may pass: parameters in their ranges, series of numbers of one shape; nothing is computed here."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indicators import matypes

PERIOD_MAX = 100_000

#: The one input that may hold booleans.
CONDITION = "condition"

Numbers = NDArray[np.float64]
FLOAT64 = np.dtype(np.float64)


class IndicatorError(ValueError):
    """A value is outside what the indicator is defined for, or arrays do not fit together."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a parameter may be: its type, default and inclusive range, and the words that say so."""

    kind: type[int] | type[float]
    default: int | float
    low: int | float
    high: int | float
    expected: str

    def check(self, value: Any, indicator: str, name: str) -> int | float:
        """The value as plain `int` or `float`.

        Raises:
            TypeError: it is not a number of this kind (booleans are none).
            IndicatorError: it is out of range.
        """
        if isinstance(value, (bool, np.bool_)):
            raise TypeError(f"{indicator}: {name} was {value!r}: expected {self.expected}")
        try:
            number = operator.index(value) if self.kind is int else float(operator.pos(value))
        except TypeError as reason:
            raise TypeError(f"{indicator}: {name} was {value!r}: expected {self.expected}") from reason
        except OverflowError as reason:
            raise IndicatorError(f"{indicator}: {name} was {value!r:.40}: expected {self.expected}") from reason
        if not self.low <= number <= self.high:
            raise IndicatorError(f"{indicator}: {name} was {value!r}: expected {self.expected}")
        return number


def period(default: int, low: int = 2) -> Parameter:
    """A number of bars."""
    return Parameter(int, default, low, PERIOD_MAX, f"an integer from {low} to {PERIOD_MAX}")


def factor(default: float) -> Parameter:
    """A multiple of a deviation; TA-Lib's range."""
    return Parameter(float, default, -3e37, 3e37, "a finite number")


def matype(default: int = matypes.SMA) -> Parameter:
    """The kind of a moving average."""
    return Parameter(int, default, matypes.SMA, matypes.RMA, matypes.DESCRIPTION)


def penetration(default: float) -> Parameter:
    """How deep a candle must reach into the body of an earlier one, as a part of that body; TA-Lib's range."""
    return Parameter(float, default, 0.0, 3e37, "a number from 0 to 3e37")


def number(value: Any, indicator: str, name: str) -> float:
    """A scalar that stands in for a series."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{indicator}: {name} was {_described(value)}: expected a series or a number")
    try:
        return float(value)
    except OverflowError as reason:
        raise IndicatorError(f"{indicator}: {name} was {value!r:.40}: expected a finite number") from reason


def numbers(value: Any, indicator: str, name: str) -> Numbers:
    """The value as C-contiguous float64 of one or two dimensions; itself if it is that already.

    Raises:
        TypeError: it does not hold real numbers.
        IndicatorError: it has no dimension, or more than two.
    """
    if type(value) is np.ndarray and value.dtype == FLOAT64 and value.flags.c_contiguous and value.ndim in (1, 2):
        return value
    try:
        array = np.asarray(value)
    except ValueError as reason:
        raise TypeError(f"{indicator}: {name} was {_described(value)}: expected an array of numbers") from reason
    # A condition may also be one that an indicator answered; an empty list has no numbers to tell a type by.
    kinds = "fiub" if name == CONDITION else "fiu"
    if array.dtype.kind not in kinds and array.size > 0:
        raise TypeError(f"{indicator}: {name} was {_described(value)}: expected an array of numbers")
    if array.ndim not in (1, 2):
        raise IndicatorError(f"{indicator}: {name} had {array.ndim} dimensions: expected 1 (bars) or 2 (bars, symbols)")
    return np.ascontiguousarray(array, dtype=np.float64)


def same_shape(arrays: Sequence[Numbers], indicator: str, names: Sequence[str]) -> None:
    """Refuse series that are not side by side."""
    shape = arrays[0].shape
    if any(array.shape != shape for array in arrays):
        found = ", ".join(f"{name} {array.shape}" for name, array in zip(names, arrays, strict=True))
        raise IndicatorError(f"{indicator}: shapes were {found}: expected one shape for all")


def bound(
    indicator: str, inputs: Sequence[str], parameters: Mapping[str, Parameter], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[list[Any], list[Any]]:
    """Sort the arguments of a call into series and parameters, defaults filled in; values are not looked at.

    Raises:
        TypeError: one is missing, unknown, given twice or too many.
    """
    names = [*inputs, *parameters]
    if len(args) > len(names):
        raise TypeError(f"{indicator}: {len(args)} arguments were given: expected at most {len(names)} ({', '.join(names)})")
    found = dict(zip(names, args, strict=False))
    for name, value in kwargs.items():
        if name not in names:
            raise TypeError(f"{indicator}: keyword {name!r} is unknown: expected {', '.join(names)}")
        if name in found:
            raise TypeError(f"{indicator}: {name} was given twice")
        found[name] = value
    missing = [name for name in inputs if name not in found]
    if missing:
        raise TypeError(f"{indicator}: {', '.join(missing)} missing: expected {', '.join(names)}")
    return [found[name] for name in inputs], [found.get(name, parameter.default) for name, parameter in parameters.items()]


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return f"{value!r:.60}" if isinstance(value, (str, bytes, int, float, complex, type(None))) else f"a {type(value).__name__}"
