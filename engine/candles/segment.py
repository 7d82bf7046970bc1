"""The memory itself: a memfd that one process may write and everybody else can only ever map read-only."""

import fcntl
import mmap
import os

from engine.base.errors import CandleError
from engine.candles import layout
from engine.candles.layout import Layout

_ADD_SEALS = 1033
_SEALS = 0x0001 | 0x0002 | 0x0004 | 0x0010  # SEAL, SHRINK, GROW, FUTURE_WRITE (fcntl(2))


class Segment:
    """A mapped segment. Made by `create` (writable, sealed for all later maps) or `attach` (read-only)."""

    def __init__(self, fd: int, shape: Layout, memory: mmap.mmap, writable: bool) -> None:
        self.fd = fd
        self.layout = shape
        self.memory = memory
        #: The same memory as 8-byte words; reading or storing one is a single access, which no other process sees half done.
        self.words = memoryview(memory).cast("Q")
        self.writable = writable

    @classmethod
    def create(cls, max_symbols: int, max_intervals: int, bars: int) -> "Segment":
        """A new, empty segment with room for so much; raises CandleError when the machine does not offer it."""
        layout.check_machine()
        shape = Layout(max_symbols, max_intervals, bars)
        fd = -1
        try:
            fd = os.memfd_create("engine-candles", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            os.ftruncate(fd, shape.total_bytes)
            memory = mmap.mmap(fd, shape.total_bytes, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
            memory.madvise(mmap.MADV_DONTFORK)
            header = shape.header()
            memory[: len(header)] = header
            fcntl.fcntl(fd, _ADD_SEALS, _SEALS)
        except OSError as error:
            if fd >= 0:
                os.close(fd)
            raise CandleError("shared memory cannot be made", f"{shape.total_bytes} bytes", str(error)) from error
        return cls(fd, shape, memory, writable=True)

    @classmethod
    def attach(cls, fd: int) -> "Segment":
        """Map another process's segment read-only; raises LayoutMismatch for a segment of another version or shape."""
        layout.check_machine()
        size = os.fstat(fd).st_size
        shape = layout.read_header(os.pread(fd, layout.HEADER_BYTES, 0), size)
        memory = mmap.mmap(fd, size, mmap.MAP_SHARED, mmap.PROT_READ)
        return cls(fd, shape, memory, writable=False)

    def names(self) -> tuple[str, ...]:
        """Symbols published so far; their position is their number."""
        return self._table(layout.SYMBOL_COUNT_OFFSET, self.layout.names_offset, layout.NAME_BYTES)

    def interval_names(self) -> tuple[str, ...]:
        """Intervals published so far; their position is their number."""
        return self._table(layout.INTERVAL_COUNT_OFFSET, self.layout.intervals_offset, layout.INTERVAL_NAME_BYTES)

    def _table(self, count_offset: int, offset: int, width: int) -> tuple[str, ...]:
        count = self.words[count_offset // 8]
        starts = range(offset, offset + count * width, width)
        return tuple(self.memory[start : start + width].rstrip(b"\0").decode() for start in starts)

    def close(self) -> None:
        """Let go of map and descriptor; raises CandleError while arrays of a reader still look at the memory."""
        self.words.release()
        try:
            self.memory.close()
        except BufferError as error:
            raise CandleError("candle segment is still in use", str(error), "drop all views first") from error
        os.close(self.fd)
