"""The memory: its header is checked, its tables have an end, and only its creator can write to it."""

import fcntl
import mmap
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.base.errors import CandleError, LayoutMismatch, SegmentFull, SettingsError
from engine.candles import layout
from engine.candles.layout import Layout
from engine.candles.reader import Reader
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from tests.data import ROOT
from tests.unit.candles.conftest import Pair
from tests.unit.candles.klines import kline


def test_every_part_has_its_own_aligned_place() -> None:
    shape = Layout(max_symbols=7, max_intervals=3, bars=11)
    places = [
        (shape.names_offset, 7 * layout.NAME_BYTES),
        (shape.intervals_offset, 3 * layout.INTERVAL_NAME_BYTES),
        (shape.counts_offset, 21 * 8),
        (shape.firsts_offset, 21 * 8),
        (shape.generations_offset, 21 * 8),
        (shape.open_times_offset, 21 * 12 * 8),
        (shape.sequences_offset, 21 * 12 * 8),
        (shape.values_offset, 21 * 12 * 72),
    ]
    ends = [layout.INTERVAL_COUNT_OFFSET + 8, *(start + size for start, size in places)]
    assert all(end <= start for end, (start, _) in zip(ends[:-1], places, strict=True))
    assert ends[-1] <= shape.total_bytes
    assert not any(start % 8 for start, _ in places)


def changed_header(change: Callable[[bytearray], None]) -> int:
    """A memfd that is a good segment but for one change."""
    shape = Layout(2, 2, 8)
    data = bytearray(shape.total_bytes)
    data[: len(shape.header())] = shape.header()
    change(data)
    fd = os.memfd_create("test", os.MFD_CLOEXEC)
    os.write(fd, data)
    return fd


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda data: data.__setitem__(slice(0, 8), b"SOMETHNG"), ["SOMETHNG", "ENGKLINE"]),
        (lambda data: struct.pack_into("<I", data, 8, 99), ["99", f"version {layout.VERSION}"]),
        (lambda data: struct.pack_into("<I", data, 12, 3), [str(Layout(2, 2, 8).total_bytes), str(Layout(3, 2, 8).total_bytes)]),
        (lambda data: data.extend(bytes(64)), [str(Layout(2, 2, 8).total_bytes + 64), str(Layout(2, 2, 8).total_bytes)]),
        (lambda data: data.__delitem__(slice(10, None)), ["10 bytes"]),
        (lambda data: data.clear(), ["0 bytes"]),
    ],
    ids=["magic", "version", "shape", "longer", "short", "empty"],
)
def test_memory_of_another_layout_is_refused_and_both_sides_are_named(
    change: Callable[[bytearray], None], said: list[str]
) -> None:
    fd = changed_header(change)
    try:
        with pytest.raises(LayoutMismatch) as refused:
            Segment.attach(fd)
    finally:
        os.close(fd)
    assert all(words in str(refused.value) for words in said)


def test_another_processor_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(CandleError, match="aarch64: run on x86-64"):
        Segment.create(1, 1, 1)


def test_memory_that_the_machine_does_not_have_is_an_error_of_candles_and_leaves_nothing_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(CandleError, match="shared memory cannot be made"):
        Segment.create(2**20, 2**10, 2**20)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_names_keep_their_numbers_and_are_seen_by_readers(pair: Pair) -> None:
    assert pair.writer.add_symbol("币安人生USDT") == 1
    assert pair.writer.add_symbol("BTCUSDT") == 0
    assert pair.writer.add_interval("15m") == 1
    assert pair.writer.add_interval("1m") == 0
    assert pair.reader.symbols() == tuple(pair.writer.symbols) == ("BTCUSDT", "币安人生USDT")
    assert pair.reader.intervals() == tuple(pair.writer.intervals) == ("1m", "15m")


def test_full_tables_refuse_a_new_name_and_still_know_the_old_ones(pair: Pair) -> None:
    pair.writer.add_symbol("ETHUSDT")
    pair.writer.add_interval("1h")
    with pytest.raises(SegmentFull, match="SOLUSDT, 2 are there"):
        pair.writer.add_symbol("SOLUSDT")
    with pytest.raises(SegmentFull, match="4h, 2 are there"):
        pair.writer.add_interval("4h")
    assert pair.writer.add_symbol("ETHUSDT") == pair.writer.add_interval("1h") == 1
    assert pair.reader.symbols() == ("BTCUSDT", "ETHUSDT")
    assert pair.reader.intervals() == ("1m", "1h")


@pytest.mark.parametrize("name", ["", "X" * (layout.NAME_BYTES + 1), "币" * (layout.NAME_BYTES // 3 + 1), "A\0B"])
def test_a_name_that_does_not_fit_is_refused_and_takes_no_number(pair: Pair, name: str) -> None:
    with pytest.raises(CandleError, match="does not fit"):
        pair.writer.add_symbol(name)
    assert pair.writer.add_symbol("X" * layout.NAME_BYTES) == 1
    assert pair.reader.symbols()[1] == "X" * layout.NAME_BYTES


@pytest.mark.parametrize("name", ["1w", "7m"])
def test_an_interval_without_a_grid_takes_no_number(pair: Pair, name: str) -> None:
    with pytest.raises(SettingsError):
        pair.writer.add_interval(name)
    assert pair.writer.add_interval("5m") == 1


def test_series_of_neighbours_do_not_touch(pair: Pair) -> None:
    pair.writer.add_symbol("ETHUSDT")
    pair.writer.add_interval("5m")
    for number, series in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)], 1):
        pair.writer.put_history(*series, [kline(5 * number)])
        pair.writer.put_forming(*series, kline(5 * number + 5))
    found = [
        pair.reader.copy_closed(pair.reader.series(*series)).open_times.tolist() for series in [(0, 0), (0, 1), (1, 0), (1, 1)]
    ]
    assert found == [[kline(5 * number).open_time] for number in (1, 2, 3, 4)]
    assert [pair.reader.forming(series) for series in range(4)] == [kline(5 * number + 5) for number in (1, 2, 3, 4)]


def test_nobody_else_can_map_the_memory_writable(pair: Pair) -> None:
    with pytest.raises(PermissionError):
        mmap.mmap(pair.segment.fd, 0, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
    with pytest.raises(PermissionError):
        os.pwrite(pair.segment.fd, b"x", 0)
    for size in (0, pair.segment.layout.total_bytes * 2):
        with pytest.raises(PermissionError):
            os.ftruncate(pair.segment.fd, size)
    with pytest.raises(PermissionError):
        fcntl.fcntl(pair.segment.fd, 1033, 0x0008)


def test_a_reader_has_no_way_to_write_by_mistake(pair: Pair) -> None:
    with pytest.raises(TypeError):
        pair.attached.memory[0:1] = b"x"
    with pytest.raises(TypeError):
        pair.attached.words[0] = 1
    for array in pair.reader.arrays():
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(CandleError, match="read-only"):
        Writer(pair.attached)


def test_nobody_can_make_the_memory_forget(pair: Pair) -> None:
    pair.writer.put_closed(0, 0, kline(7))
    with pytest.raises(PermissionError):
        pair.attached.memory.madvise(mmap.MADV_REMOVE)
    assert pair.writer.bar(0, 0, kline(7).open_time) == kline(7)


def test_a_child_of_the_writer_does_not_have_the_writable_memory(pair: Pair) -> None:
    # Given the writer's map and a reader's, both in this process
    def rights(pid: str) -> list[str]:
        lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
        inode = str(os.fstat(pair.segment.fd).st_ino)
        return sorted(line.split()[1] for line in lines if line.split()[4] == inode)

    assert rights("self") == ["r--s", "rw-s"]
    # When it forks
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, " ".join(rights("self")).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    # Then the child can only read
    assert told == "r--s"


def test_a_process_that_writes_by_force_dies_and_changes_nothing(pair: Pair) -> None:
    pair.writer.put_closed(0, 0, kline(7))
    program = (
        "import ctypes, sys\n"
        "from engine.candles.reader import Reader\n"
        "from engine.candles.segment import Segment\n"
        "reader = Reader(Segment.attach(int(sys.argv[1])))\n"
        "place = reader.arrays().values.ctypes.data\n"
        "assert reader.copy_closed(0).end == 1\n"
        "print('reading', flush=True)\n"
        "ctypes.memset(place, 0, 8)\n"
        "print('written', flush=True)\n"
    )
    command = [sys.executable, "-c", program, str(pair.segment.fd)]
    done = subprocess.run(command, cwd=ROOT, pass_fds=[pair.segment.fd], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "reading\n"
    assert done.returncode == -signal.SIGSEGV
    assert pair.writer.bar(0, 0, kline(7).open_time) == kline(7)


def test_candles_do_not_bring_numba_into_the_supervisor() -> None:
    program = (
        "import sys\n"
        "import engine.candles.bars, engine.candles.reader, engine.candles.segment, engine.candles.writer\n"
        "sys.exit('numba' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, timeout=60).returncode == 0


def test_a_segment_is_not_closed_under_a_reader() -> None:
    segment = Segment.create(1, 1, 1)
    attached = Segment.attach(os.dup(segment.fd))
    reader = Reader(attached)
    with pytest.raises(CandleError, match="still in use"):
        attached.close()
    assert reader.copy_closed(0).end == 0
    reader.close()
    attached.close()
    segment.close()


def test_a_segment_is_closed_with_its_writer() -> None:
    segment = Segment.create(1, 1, 1)
    writer = Writer(segment)
    writer.add_symbol("BTCUSDT")
    writer.add_interval("1m")
    segment.close()
    with pytest.raises(ValueError, match=r"released|closed"):
        writer.put_closed(0, 0, kline(1))


def test_the_longest_names_of_the_exchange_have_room(pair: Pair) -> None:
    name = "𠮷" * 20 + "USDT"
    number = pair.writer.add_symbol(name)
    assert pair.reader.symbols()[number] == name
