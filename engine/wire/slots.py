"""Status slots: which filter each worker is on, in a small shared memory that survives the worker.

A page of memory a worker, so that each maps its own and cannot reach another's: task id at offset 0, filter id at 8, start of
that filter's run (monotonic ns) at 16, each an unsigned 64-bit little-endian number; task id 0 means idle. The worker is
the only writer of its slot; the supervisor reads it when the worker died or seems stuck, and then only as a hint: whoever
broke out of a filter can write here, and blame other filters of his own worker at most.
"""

import fcntl
import mmap
import os
import struct
import sys
from typing import Final, NamedTuple

from engine.base.errors import LayoutMismatch

#: Bytes of one slot: the least that can be mapped by itself.
SLOT_BYTES: Final = mmap.PAGESIZE

# Native order copies each number in one store; the byte-wise "<Q" could be seen half written.
_STATUS = struct.Struct("@QQQ")
assert sys.byteorder == "little"


class Status(NamedTuple):
    """What a slot said: task and filter in hand (0: idle) and since when, in monotonic ns."""

    task_id: int
    filter_id: int
    started_ns: int


IDLE: Final = Status(0, 0, 0)


class SlotWriter:
    """A worker's hand on its own slot, which begins at `offset` of this map."""

    __slots__ = ("_map", "_offset")

    def __init__(self, shared: mmap.mmap, offset: int) -> None:
        self._map = shared
        self._offset = offset

    def begin(self, task_id: int, filter_id: int, now_ns: int) -> None:
        """From now on this filter is the one to blame."""
        _STATUS.pack_into(self._map, self._offset, task_id, filter_id, now_ns)

    def idle(self) -> None:
        """Nobody is to blame."""
        _STATUS.pack_into(self._map, self._offset, 0, 0, 0)


class Slots:
    """All slots of a pool; the supervisor creates them, others attach by descriptor."""

    def __init__(self, fd: int, count: int) -> None:
        self.fd = fd
        self.count = count
        self._map = mmap.mmap(fd, count * SLOT_BYTES, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)

    @classmethod
    def create(cls, count: int) -> "Slots":
        """Fresh memory for `count` workers, all idle; its size is sealed."""
        fd = os.memfd_create("engine-slots", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(fd, count * SLOT_BYTES)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        return cls(fd, count)

    @classmethod
    def attach(cls, fd: int) -> "Slots":
        """The slots behind an inherited descriptor; raises LayoutMismatch when they cannot be slots."""
        return cls(fd, _count_in(fd))

    @staticmethod
    def own(fd: int, slot: int) -> SlotWriter:
        """The one slot behind an inherited descriptor that the worker there may write: no other is mapped."""
        _check(slot, _count_in(fd))
        return SlotWriter(mmap.mmap(fd, SLOT_BYTES, mmap.MAP_SHARED, offset=slot * SLOT_BYTES), 0)

    def read(self, slot: int) -> Status:
        """What the slot says now; its numbers may come from two runs when the worker is just moving on."""
        return Status(*_STATUS.unpack_from(self._map, slot * SLOT_BYTES))

    def clear(self, slot: int) -> None:
        """Forget what a dead worker left, before the next one is started in its slot."""
        self.writer(slot).idle()

    def writer(self, slot: int) -> SlotWriter:
        """For the worker that lives in `slot`."""
        _check(slot, self.count)
        return SlotWriter(self._map, slot * SLOT_BYTES)

    def close(self) -> None:
        """Unmap and close; writers made before are dead then."""
        self._map.close()
        os.close(self.fd)


def _count_in(fd: int) -> int:
    size = os.fstat(fd).st_size
    if size == 0 or size % SLOT_BYTES:
        raise LayoutMismatch("memory does not hold status slots", f"{size} bytes", f"a multiple of {SLOT_BYTES}")
    return size // SLOT_BYTES


def _check(slot: int, count: int) -> None:
    if not 0 <= slot < count:
        raise LayoutMismatch("no such status slot", slot, f"0 to {count - 1}")
