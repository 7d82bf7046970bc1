"""What a compiled reader must know of each series to write its forming bar, and what it tells of it: shared words.

A series keeps its gate: `expected_ms` is the open time of the one bar whose updates may be written without a further look,
`SHUT` when there is none; `event_ms` is when the exchange sent the newest event, moved on by series and reader alike. So
whoever wants to know whether a series was heard of looks here, not at who was called. Everything in one thread.

Gates hold no sockets and decide nothing; without a reader they are just two numbers a series keeps. Their layout is
`engine.scanner.record`. A name keeps its place for good, as in the writer's tables; a series that goes leaves a shut gate.
"""

import ctypes
import mmap
import sys

from engine.base.errors import CandleError
from engine.candles.writer import Writer
from engine.scanner import image, record
from engine.scanner.image import Image, Scan
from engine.scanner.record import NAME_BYTES_MAX, RECORD_WORDS, SHUT

_EXPECTED, _EVENT = record.EXPECTED_MS, record.EVENT_MS


class Gate:
    """The two words of one series."""

    __slots__ = ("_expected", "event_at", "words")

    def __init__(self, words: memoryview, place: int = 0) -> None:
        #: The words themselves, and where among them `event_ms` stands.
        self.words = words
        self.event_at = place + _EVENT
        self._expected = place + _EXPECTED
        self.expected_ms = SHUT
        self.event_ms = 0

    @classmethod
    def alone(cls) -> "Gate":
        """A gate that no reader looks at."""
        return cls(memoryview(bytearray(RECORD_WORDS * 8)).cast("q"))

    @property
    def expected_ms(self) -> int:
        """Open time of the bar that may be written, or SHUT."""
        return self.words[self._expected]

    @expected_ms.setter
    def expected_ms(self, value: int) -> None:
        self.words[self._expected] = value

    def shut(self) -> None:
        """No bar may be written without a look."""
        self.words[self._expected] = SHUT

    @property
    def event_ms(self) -> int:
        """When the exchange sent the newest event, in ms since the epoch; 0 before the first."""
        return self.words[self.event_at]

    @event_ms.setter
    def event_ms(self, value: int) -> None:
        self.words[self.event_at] = value


class Gates:
    """The gates of all series that a writer has room for, and the reader that goes through them."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._intervals = writer.segment.layout.max_intervals
        count = writer.segment.layout.series
        places = 1 << (2 * count - 1).bit_length()
        # Fresh pages cost nothing until they are touched.
        size = (record.CONTEXT_WORDS + places + count * RECORD_WORDS) * 8
        self._memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._words = memoryview(self._memory).cast("q")
        self._mask = places - 1
        self._index = record.CONTEXT_WORDS
        self._records = self._index + places
        self._anchor = ctypes.c_char.from_buffer(self._memory)
        self._context = ctypes.addressof(self._anchor)
        # Keeps the candles mapped for as long as their addresses stand here.
        self._candles: ctypes.c_char | None = ctypes.c_char.from_buffer(writer.segment.memory)
        self._named: dict[int, str] = {}
        words = self._words
        words[record.HORIZON_MS] = sys.maxsize
        words[record.INDEX_MASK] = self._mask
        words[record.INDEX_ADDRESS] = self._context + self._index * 8
        words[record.RECORDS_ADDRESS] = self._context + self._records * 8

    def gate(self, stream: str, symbol: int, interval: int) -> Gate:
        """A fresh, shut gate for the series with that stream."""
        if self._candles is None:
            raise CandleError("gates are closed", stream, "make new ones")
        series = symbol * self._intervals + interval
        place = self._records + series * RECORD_WORDS
        gate = Gate(self._words, place)
        name = stream.encode()
        if self._named.setdefault(series, stream) == stream and len(name) <= NAME_BYTES_MAX and _is_plain(name):
            if not self._words[place + record.NAME_BYTES]:
                self._enter(series, place, name)
            return gate
        # A name that the reader could not tell, or that would need escapes in JSON, always goes the ordinary way.
        return Gate.alone()

    def _enter(self, series: int, place: int, name: bytes) -> None:
        words, start = self._words, ctypes.addressof(self._candles) if self._candles else 0
        symbol, interval = divmod(series, self._intervals)
        for number, offset in enumerate(self._writer.forming_places(symbol, interval)):
            words[place + record.SEQUENCE_ADDRESS + number] = start + offset
        at = (place + record.NAME) * 8
        self._memory[at : at + len(name)] = name
        words[place + record.NAME_BYTES] = len(name)
        slot = record.name_hash(name) & self._mask
        while words[self._index + slot]:
            slot = (slot + 1) & self._mask
        words[self._index + slot] = series + 1

    @property
    def horizon_ms(self) -> int:
        """Events that claim to be later than this are left to the ordinary way."""
        return self._words[record.HORIZON_MS]

    @horizon_ms.setter
    def horizon_ms(self, value: float) -> None:
        self._words[record.HORIZON_MS] = int(min(value, sys.maxsize))

    @property
    def taken(self) -> int:
        """How many frames a reader has taken."""
        return self._words[record.TAKEN]

    def reader(self, code: Image) -> Scan:
        """A compiled reader on these gates: True for a frame that it took. Raises ScannerError."""
        self._words[record.BYTES_AS_STRING_AND_SIZE] = image.address_of("PyBytes_AsStringAndSize")
        self._words[record.BOOL_FROM_LONG] = image.address_of("PyBool_FromLong")
        return image.load(code, self._context, (self._anchor, self._memory))

    def close(self) -> None:
        """Shut all gates for good and let go of the candles; readers that are still held decline everything."""
        self._words[self._index : self._records] = memoryview(bytes((self._records - self._index) * 8)).cast("q")
        self._candles = None


def _is_plain(name: bytes) -> bool:
    """Whether JSON always writes it as it is."""
    return all(32 <= byte < 127 and byte not in b'"\\' for byte in name)
