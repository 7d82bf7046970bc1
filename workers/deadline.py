"""The limits of a filter's run, kept by the kernel: one on CPU time that interrupts it, one on wall time that ends the worker.

The soft limit raises an exception in the filter's own code, which the filter cannot catch. CPU time, so that a busy machine
punishes nobody. Its timer fires again and again until it is disarmed, for a `finally` of the filter may loop as well.

Loops inside C functions are not interrupted. Against those stands the hard limit: SIGKILL from a timer of the kernel, at its
time even when the supervisor is busy. Wall time, for it is the others who wait. The supervisor watches as well.
"""

import ctypes
import os
import signal
from types import FrameType
from typing import Final

#: Pause between two firings, in seconds of CPU time.
_AGAIN_S: Final = 0.02
#: A hard limit is set anew when a tenth of it is over.
_PARTS: Final = 10
_CLOCK_MONOTONIC: Final = 1
_SIGEV_SIGNAL: Final = 0


class _Event(ctypes.Structure):
    """`struct sigevent`: what is to happen when a timer runs out; 64 bytes on 64-bit machines."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signo", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_char * 48),
    )


class _Times(ctypes.Structure):
    """`struct itimerspec`: pause between firings (zero: only one), and time until the first (zero: never)."""

    _fields_ = (
        ("again_s", ctypes.c_long),
        ("again_ns", ctypes.c_long),
        ("first_s", ctypes.c_long),
        ("first_ns", ctypes.c_long),
    )


# Looked up once, in the nursery; older C libraries keep timers in one of their own.
_libc = ctypes.CDLL(None, use_errno=True)
if not hasattr(_libc, "timer_create"):
    _libc = ctypes.CDLL("librt.so.1", use_errno=True)
_settime = _libc.timer_settime
_settime.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


class DeadlinePassed(BaseException):
    """A filter used up its CPU time. Not an `Exception`, so that no `except` of a filter catches it."""


class HardLimit:
    """A timer that kills this process. Made before the lockdown, in the process that it is for: a fork does not inherit it."""

    def __init__(self) -> None:
        """Raises OSError when the kernel gives no timer."""
        event = _Event(signo=signal.SIGKILL, notify=_SIGEV_SIGNAL)
        self._timer = ctypes.c_void_p()
        if _libc.timer_create(_CLOCK_MONOTONIC, ctypes.byref(event), ctypes.byref(self._timer)):
            _fail()
        self._times = _Times()
        self._off = _Times()
        self._again_ns = 0

    def arm(self, limit_ms: int, now_ns: int) -> None:
        """Die after so much time, or up to a tenth less: a timer that was set a moment ago is left as it is, for speed."""
        if now_ns < self._again_ns:
            return
        self._times.first_s, self._times.first_ns = limit_ms // 1_000, limit_ms % 1_000 * 1_000_000
        if _settime(self._timer, 0, ctypes.byref(self._times), None):
            _fail()
        self._again_ns = now_ns + limit_ms * 1_000_000 // _PARTS

    def disarm(self) -> None:
        """Live on."""
        if self._again_ns and _settime(self._timer, 0, ctypes.byref(self._off), None):
            _fail()
        self._again_ns = 0


class Deadline:
    """Both limits of a worker; only for the main thread."""

    def __init__(self) -> None:
        self._armed = False
        self._hard = HardLimit()
        signal.signal(signal.SIGPROF, self._passed)

    def begin(self, hard_ms: int, now_ns: int) -> None:
        """From now (monotonic) on, `hard_ms` may pass until the next `begin` or `rest`."""
        self._hard.arm(hard_ms, now_ns)

    def rest(self) -> None:
        """No filter is running: what takes time now is nobody's fault."""
        self._hard.disarm()

    def arm(self, soft_ms: int) -> None:
        """From now on, `soft_ms` of CPU time may be used."""
        self._armed = True
        signal.setitimer(signal.ITIMER_PROF, soft_ms / 1e3, _AGAIN_S)

    def disarm(self) -> None:
        """Nothing will be interrupted any more."""
        self._armed = False
        signal.setitimer(signal.ITIMER_PROF, 0.0)

    def _passed(self, _number: int, _frame: FrameType | None) -> None:
        if self._armed:
            raise DeadlinePassed


def _fail() -> None:
    number = ctypes.get_errno()
    raise OSError(number, f"a timer of the kernel was refused: {os.strerror(number)}")
