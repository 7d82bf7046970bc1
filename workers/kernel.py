"""The two doors to the kernel that Python has no words for: prctl(2) and syscall(2), by way of the C library."""

import ctypes
import os

# Loaded once, here, in the nursery: a locked worker could not.
_libc = ctypes.CDLL(None, use_errno=True)
# All of them as wide as a register: prctl looks at those that an option does not use, too, and wants them to be zero.
_libc.prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong)
_libc.syscall.restype = ctypes.c_long


def prctl(option: int, value: int) -> None:
    """Set one attribute of this process (the thread, for some); raises OSError."""
    if _libc.prctl(option, value, 0, 0, 0):
        raise _error()


def syscall(number: int, *arguments: int | bytes | None) -> int:
    """Call the kernel by number; buffers as bytes. Returns what it says, and raises OSError where that is an error."""
    answer: int = _libc.syscall(ctypes.c_long(number), *map(_register, arguments))
    if answer == -1:
        raise _error()
    return answer


def address_of(buffer: ctypes.Array[ctypes.c_char]) -> int:
    """Where a buffer lies, for structures that point to it; it must be held as long as they are used."""
    return ctypes.addressof(buffer)


def _register(argument: int | bytes | None) -> ctypes.c_long | ctypes.c_char_p:
    if isinstance(argument, bytes) or argument is None:
        return ctypes.c_char_p(argument)
    return ctypes.c_long(argument)


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
