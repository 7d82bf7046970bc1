"""What numba has no words for: memory by address, stores in a promised order, calls of C functions by address.

A load or store is exactly one, of the size it says; `store` and `fence` are never moved across one another by the compiler,
and x86-64 keeps the order of stores itself.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending, types

#: Numba's own word for it, without the pretence that it is called as it is written.
intrinsic: Callable[[Callable[..., Any]], Callable[..., Any]] = extending.intrinsic

_BYTE, _WORD, _DOUBLE = ir.IntType(8), ir.IntType(64), ir.DoubleType()


def _pointer(builder: Any, address: Any, kind: Any) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


@intrinsic
def byte_at(_context: Any, _address: Any) -> Any:
    """The byte at an address, as a word."""

    def build(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.zext(builder.load(_pointer(builder, args[0], _BYTE), align=1), _WORD)

    return types.int64(types.int64), build


@intrinsic
def word_at(_context: Any, _address: Any) -> Any:
    """The word at an aligned address."""

    def build(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.load(_pointer(builder, args[0], _WORD), align=8)

    return types.int64(types.int64), build


@intrinsic
def store(_context: Any, _address: Any, _value: Any) -> Any:
    """Store a word at an aligned address, at once and in the order of the program."""

    def build(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        builder.store_atomic(args[1], _pointer(builder, args[0], _WORD), "release", 8)
        return _target.get_dummy_value()

    return types.void(types.int64, types.int64), build


@intrinsic
def store_double(_context: Any, _address: Any, _value: Any) -> Any:
    """Store a double at an aligned address, at once and in the order of the program."""

    def build(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        bits = builder.bitcast(args[1], _WORD)
        builder.store_atomic(bits, _pointer(builder, args[0], _WORD), "release", 8)
        return _target.get_dummy_value()

    return types.void(types.int64, types.float64), build


@intrinsic
def divided(_context: Any, _value: Any, _divisor: Any) -> Any:
    """Quotient of two unsigned words; the divisor is not zero."""

    def build(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.udiv(args[0], args[1])

    return types.uint64(types.uint64, types.uint64), build


@intrinsic
def buffer_of(_context: Any, _function: Any, _thing: Any) -> Any:
    """Address and length of a bytes object through `PyBytes_AsStringAndSize`; (0, 0) with its TypeError set for others."""

    def build(_target: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(32), [_WORD, _WORD.as_pointer(), _WORD.as_pointer()])
        with builder.goto_entry_block():
            places = [builder.alloca(_WORD), builder.alloca(_WORD)]
        for place in places:
            builder.store(_WORD(0), place)
        status = builder.call(_pointer(builder, args[0], kind), [args[1], *places])
        is_good = builder.icmp_signed("==", status, ir.IntType(32)(0))
        found = [builder.select(is_good, builder.load(place), _WORD(0)) for place in places]
        return _target.make_tuple(builder, signature.return_type, found)

    return types.Tuple((types.int64, types.int64))(types.int64, types.int64), build  # type: ignore[no-untyped-call]


@intrinsic
def called(_context: Any, _function: Any, _argument: Any) -> Any:
    """What a C function of one word returns."""

    def build(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.call(_pointer(builder, args[0], ir.FunctionType(_WORD, [_WORD])), [args[1]])

    return types.int64(types.int64, types.int64), build


def literal(expected: bytes) -> Callable[[int, int], int]:
    """A function of (address, end): the address after those very bytes, or 0 when others stand there or `address` is 0."""
    size = len(expected)
    # Eight bytes at a time; the last eight overlap those before.
    starts = sorted({*range(0, size - 7, 8), size - 8}) if size >= 8 else range(size)
    width = 8 if size >= 8 else 1

    @intrinsic
    def follow(_context: Any, _address: Any, _end: Any) -> Any:
        def build(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
            address, end = args
            room = builder.icmp_signed("<=", builder.add(address, _WORD(size)), end)
            fits = builder.and_(room, builder.icmp_signed("!=", address, _WORD(0)))
            with builder.goto_entry_block():
                result = builder.alloca(_WORD)
            builder.store(_WORD(0), result)
            with builder.if_then(fits):
                difference = _WORD(0)
                kind = ir.IntType(width * 8)
                for start in starts:
                    found = builder.load(_pointer(builder, builder.add(address, _WORD(start)), kind), align=1)
                    wanted = kind(int.from_bytes(expected[start : start + width], "little"))
                    difference = builder.or_(difference, builder.zext(builder.xor(found, wanted), _WORD))
                same = builder.icmp_unsigned("==", difference, _WORD(0))
                builder.store(builder.select(same, builder.add(address, _WORD(size)), _WORD(0)), result)
            return builder.load(result)

        return types.int64(types.int64, types.int64), build

    return follow
