"""Text to numbers, digit by digit, only where the result is exact; everything else is declined.

A decimal of d digits after the point is m / 10**d. Where m and 10**d are doubles without rounding, one division rounds once
and hence correctly (Clinger 1990, the fast path). Amounts with 8 decimals may have a larger m: `_long` rounds those by integers.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

from engine.scanner.primitives import byte_at, divided

#: m below is a double without rounding.
_EXACT = 1 << 53
#: With so many digits m is below 2**64.
_DIGITS_MAX = 19
_ZERO, _POINT, _MINUS = ord("0"), ord("."), ord("-")

OPTIONS: dict[str, Any] = {"error_model": "numpy", "boundscheck": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Mark a function as part of the machine code; only other such functions call it."""
    return numba.njit(**OPTIONS)(function)  # type: ignore[no-any-return]


@compiled
def integer(address: int, end: int) -> tuple[int, int]:
    """(value, address after it) of a plain integer of at most 18 digits; (0, 0) for anything else, or when `address` is 0."""
    value = 0
    start = address
    while address != 0 and address < end:
        digit = byte_at(address) - _ZERO
        if digit < 0 or digit > 9:
            break
        value = value * 10 + digit
        address += 1
        if address - start > 18:
            return 0, 0
    if address == start or (address - start > 1 and byte_at(start) == _ZERO):
        return 0, 0
    return value, address


@compiled
def any_integer(address: int, end: int) -> int:
    """The address after an integer with or without a sign, or 0."""
    if address != 0 and address < end and byte_at(address) == _MINUS:
        address += 1
    return integer(address, end)[1]


@compiled
def decimal(address: int, end: int) -> tuple[float, int]:
    """(value, address after it) of digits, a point, digits; (0.0, 0) for another form or one that is not sure to be exact."""
    start = address
    digits: Any = numba.uint64(0)
    point = 0
    while address != 0 and address < end:
        byte = byte_at(address)
        digit = byte - _ZERO
        if digit >= 0 and digit <= 9:
            digits = digits * numba.uint64(10) + numba.uint64(digit)
        elif byte == _POINT and point == 0:
            point = address
        else:
            break
        address += 1
        if address - start > _DIGITS_MAX + 1:
            return 0.0, 0
    # Without a point, with nothing before or after it, or with a zero in front: not as the exchange writes.
    if point == 0 or point == start or address == point + 1 or (point > start + 1 and byte_at(start) == _ZERO):
        return 0.0, 0
    return _value(digits, address - point - 1, address)


@compiled
def _value(digits: int, decimals: int, address: int) -> tuple[float, int]:
    if decimals == 8:
        if digits <= numba.uint64(_EXACT):
            return numba.float64(numba.int64(digits)) / 1e8, address
        return _long(digits), address
    if digits > numba.uint64(_EXACT):
        return 0.0, 0
    power = 1.0
    for _ in range(decimals):
        power *= 10.0
    return numba.float64(numba.int64(digits)) / power, address


@compiled
def _long(digits: int) -> float:
    """digits / 10**8 rounded correctly, for 2**53 < digits < 10**19.

    The quotient in binary, with 55 to 64 bits of which the last is set when anything is left over: so the one rounding, to 53
    bits, sees whether the true value lies on, above or below the middle ("round to odd", Boldo and Melquiond 2008).
    """
    whole = divided(digits, numba.uint64(100_000_000))
    rest = digits - whole * numba.uint64(100_000_000)
    if whole < numba.uint64(1 << 36):
        bits, scale = numba.uint64(28), 1.0 / (1 << 28)
    else:
        bits, scale = numba.uint64(27), 1.0 / (1 << 27)
    shifted = rest << bits
    fraction = divided(shifted, numba.uint64(100_000_000))
    odd = numba.uint64(0)
    if fraction * numba.uint64(100_000_000) != shifted:
        odd = numba.uint64(1)
    return float((whole << bits) | fraction | odd) * scale
