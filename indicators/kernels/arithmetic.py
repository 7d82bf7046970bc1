"""Arithmetic of one lane that Python has no word for: `larger`, `smaller`, `chosen`, `divided`.

Python's own conditional expression is a branch to numba. LLVM mostly makes a choice of it, but a value loaded in one arm keeps
a loop scalar. Here nothing branches, and both sides are computed. (A loop's first store should not be a choice between a new
value and what that very place holds: LLVM then stores for some lanes only, which takes ten times as long as for all.)
"""

from collections.abc import Callable
from typing import Any

import llvmlite.binding
from numba.core import types
from numba.extending import intrinsic

from indicators.kernels.rows import DISABLED

FUSED = bool(llvmlite.binding.get_host_cpu_features().get("fma"))


@intrinsic
def _larger(_typing: Any, _a: Any, _b: Any) -> Any:
    return _first_if(">")


@intrinsic
def _smaller(_typing: Any, _a: Any, _b: Any) -> Any:
    return _first_if("<")


def _first_if(relation: str) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.select(builder.fcmp_ordered(relation, *arguments), *arguments)

    return types.float64(types.float64, types.float64), generate


@intrinsic
def _chosen(_typing: Any, _condition: Any, _yes: Any, _no: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.select(*arguments)

    return types.float64(types.boolean, types.float64, types.float64), generate


@intrinsic
def _divided(_typing: Any, _value: Any, _divisor: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, divisor = arguments
        if not FUSED:
            return builder.fdiv(value, divisor)
        # P. Markstein's division: the rest of a first guess is exact, and so is the guess with its rest. The reciprocal is
        # computed once, before the loop. Infinity leaves no rest that is a number.
        reciprocal = builder.fdiv(context.get_constant(signature.return_type, 1.0), divisor)
        guess = builder.fmul(value, reciprocal)
        rest = builder.fma(builder.fneg(guess), divisor, value)
        return builder.select(builder.fcmp_ordered("ord", rest, rest), builder.fma(rest, reciprocal, guess), guess)

    return types.float64(types.float64, types.float64), generate


def _python_larger(a: float, b: float) -> float:
    return a if a > b else b  # noqa: FURB136 - max() is another function for NaN


def _python_smaller(a: float, b: float) -> float:
    return a if a < b else b  # noqa: FURB136 - as above


def _python_chosen(condition: bool, yes: float, no: float) -> float:
    return yes if condition else no


def _python_divided(value: float, divisor: float) -> float:
    return value / divisor


Binary = Callable[[float, float], float]

#: The larger of two numbers; the second one if either is NaN.
larger: Binary = _python_larger if DISABLED else _larger  # type: ignore[assignment]
#: The smaller of two numbers; the second one if either is NaN.
smaller: Binary = _python_smaller if DISABLED else _smaller  # type: ignore[assignment]
#: `yes if condition else no`, with both computed.
chosen: Callable[[bool, float, float], float] = _python_chosen if DISABLED else _chosen  # type: ignore[assignment]
#: `value / divisor`, for a whole `divisor` that is the same for all lanes, in a third of the time of a division: equal to the
#: last bit, but for values of less than 1e-290 and for the sign of a zero.
divided: Binary = _python_divided if DISABLED else _divided  # type: ignore[assignment]
