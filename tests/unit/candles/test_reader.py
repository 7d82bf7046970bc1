"""What a reader sees when something is written in the middle of its reading, each time at exactly the wrong moment."""

import struct
import threading
from collections.abc import Callable
from typing import Any

import pytest

from engine.base.errors import CandleError
from engine.base.types import MINUTE_MS
from engine.candles import reader as reading
from engine.candles.reader import Reader
from tests.unit.candles.conftest import BARS, Pair
from tests.unit.candles.klines import kline


class Meanwhile:
    """An array of shared memory; when it is first looked at, something happens right before or right after."""

    def __init__(self, array: Any, before: Callable[[], object] | None = None, after: Callable[[], object] | None = None) -> None:
        self._array = array
        self._before = before
        self._after = after

    def __getitem__(self, key: Any) -> Any:
        before, self._before = self._before, None
        if before:
            before()
        found = self._array[key]
        found = found.copy() if hasattr(found, "copy") else found
        after, self._after = self._after, None
        if after:
            after()
        return found


def disturb(reader: Reader, name: str, **happening: Callable[[], object]) -> None:
    arrays = reader.arrays()
    reader._arrays = arrays._replace(**{name: Meanwhile(getattr(arrays, name), **happening)})


def fill(pair: Pair, until: int) -> None:
    for number in range(1, until + 1):
        pair.writer.put_closed(0, 0, kline(number))


def check(pair: Pair, expected: list[int], version_of: dict[int, int] | None = None) -> None:
    found = pair.reader.copy_closed(0)
    wanted = [kline(number, (version_of or {}).get(number, 0)) for number in expected]
    assert found.open_times.tolist() == [bar.open_time for bar in wanted]
    assert found.values.tolist() == [list(bar[1:]) for bar in wanted]
    assert found.end - found.start == len(wanted)


@pytest.mark.parametrize("array", ["generations", "counts", "firsts", "sequences", "open_times", "values"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_ring_moves_onto_what_is_read(pair: Pair, array: str, moment: str) -> None:
    fill(pair, BARS)
    disturb(pair.reader, array, **{moment: lambda: pair.writer.put_closed(0, 0, kline(BARS + 1))})
    found = pair.reader.copy_closed(0)
    # A bar that comes after the count was read need not be there; what is there is whole and in order.
    numbers = [open_ms // MINUTE_MS for open_ms in found.open_times.tolist()]
    assert numbers in (list(range(2, BARS + 1)), list(range(2, BARS + 2)))
    assert found.values.tolist() == [list(kline(number)[1:]) for number in numbers]


@pytest.mark.parametrize("array", ["generations", "counts", "firsts", "sequences", "open_times", "values"])
def test_the_whole_ring_is_written_anew_while_it_is_read(pair: Pair, array: str) -> None:
    fill(pair, BARS)
    newer = [kline(number) for number in range(BARS + 1, 3 * BARS)]
    disturb(pair.reader, array, after=lambda: pair.writer.put_history(0, 0, newer))
    check(pair, list(range(2 * BARS, 3 * BARS)))


@pytest.mark.parametrize("array", ["generations", "counts", "firsts", "sequences", "open_times", "values"])
def test_a_bar_is_revised_while_it_is_read(pair: Pair, array: str) -> None:
    fill(pair, 3)
    disturb(pair.reader, array, after=lambda: pair.writer.put_closed(0, 0, kline(2, version=1)))
    check(pair, [1, 2, 3], {2: 1})


@pytest.mark.parametrize("array", ["generations", "counts", "firsts", "sequences", "open_times", "values"])
def test_older_bars_arrive_while_it_is_read(pair: Pair, array: str) -> None:
    pair.writer.put_history(0, 0, [kline(4), kline(5)])
    disturb(pair.reader, array, after=lambda: pair.writer.put_history(0, 0, [kline(2), kline(3)]))
    check(pair, [2, 3, 4, 5])


@pytest.mark.parametrize("array", ["generations", "counts", "firsts", "sequences", "open_times", "values"])
def test_a_series_is_cleared_while_it_is_read(pair: Pair, array: str) -> None:
    fill(pair, 3)
    disturb(pair.reader, array, after=lambda: pair.writer.clear(0, 0))
    check(pair, [])


@pytest.mark.parametrize("array", ["sequences", "open_times", "values"])
def test_the_forming_bar_changes_while_it_is_read(pair: Pair, array: str) -> None:
    pair.writer.put_forming(0, 0, kline(6))
    disturb(pair.reader, array, after=lambda: pair.writer.put_forming(0, 0, kline(7, version=1)))
    assert pair.reader.forming(0) == kline(7, version=1)
    assert pair.reader.retries == 1


@pytest.mark.parametrize("array", ["sequences", "open_times", "values"])
def test_the_forming_bar_closes_while_it_is_read(pair: Pair, array: str) -> None:
    pair.writer.put_forming(0, 0, kline(6))
    disturb(pair.reader, array, after=lambda: pair.writer.put_closed(0, 0, kline(6)))
    assert pair.reader.forming(0) is None


def test_only_what_is_new_is_copied(pair: Pair) -> None:
    fill(pair, 5)
    first = pair.reader.copy_closed(0)
    pair.writer.put_closed(0, 0, kline(6))
    second = pair.reader.copy_closed(0, first.end)
    assert (first.start, first.end, second.start, second.end) == (0, 5, 5, 6)
    assert second.open_times.tolist() == [kline(6).open_time]
    assert second.generation == first.generation
    nothing = pair.reader.copy_closed(0, second.end)
    assert (nothing.start, nothing.end, len(nothing.open_times)) == (6, 6, 0)
    assert pair.reader.copy_closed(0, 99).values.shape == (0, 9)


def test_a_copy_stays_what_it_was(pair: Pair) -> None:
    fill(pair, BARS)
    found = pair.reader.copy_closed(0)
    for number in range(BARS + 1, 3 * BARS):
        pair.writer.put_closed(0, 0, kline(number))
    assert found.open_times.tolist() == [kline(number).open_time for number in range(1, BARS + 1)]


def odd(pair: Pair, what: str) -> Callable[[], None]:
    """Leave a sequence number or a generation as a writer does that has lost its CPU; the answer lets it go on."""
    shape = pair.segment.layout
    offset = (
        shape.generations_offset if what == "generation" else shape.sequences_offset + 8 * {"closed": 0, "forming": BARS}[what]
    )
    (even,) = struct.unpack_from("<Q", pair.segment.memory, offset)
    struct.pack_into("<Q", pair.segment.memory, offset, even + 1)
    return lambda: struct.pack_into("<Q", pair.segment.memory, offset, even + 2)


@pytest.mark.parametrize("what", ["closed", "forming", "generation"])
def test_a_writer_that_lost_its_cpu_in_the_middle_of_a_bar_is_waited_for(pair: Pair, what: str) -> None:
    # Given
    fill(pair, 2)
    pair.writer.put_forming(0, 0, kline(3))
    # When the writer stands still for far longer than a row takes
    timer = threading.Timer(0.1, odd(pair, what))
    timer.start()
    found = pair.reader.forming(0) if what == "forming" else pair.reader.copy_closed(0).end
    timer.join()
    # Then
    assert found == (kline(3) if what == "forming" else 2)
    assert pair.reader.retries > reading.AT_ONCE_MAX


@pytest.mark.parametrize("what", ["closed", "forming", "generation"])
def test_a_writer_that_died_in_the_middle_of_a_bar_is_told_of(pair: Pair, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(pair, 2)
    odd(pair, what)
    monkeypatch.setattr(reading, "ATTEMPTS_MAX", 60)
    with pytest.raises(CandleError, match="series 0"):
        pair.reader.forming(0) if what == "forming" else pair.reader.copy_closed(0)


def test_a_row_left_half_written_is_whole_after_the_next_write(pair: Pair) -> None:
    odd(pair, "forming")
    pair.writer.put_forming(0, 0, kline(3))
    assert pair.reader.forming(0) == kline(3)
