"""What becomes of a bar: in order, again, changed, beyond a gap, older than all, in a hole; and of history in any order."""

import pytest

from engine.base.types import MINUTE_MS
from engine.candles.writer import HistoryOutcome, Outcome
from tests.unit.candles.conftest import BARS, Pair
from tests.unit.candles.klines import kline


def numbers(pair: Pair) -> list[int]:
    """The bars that a reader sees, by number."""
    return [open_ms // MINUTE_MS for open_ms in pair.reader.copy_closed(0).open_times.tolist()]


def generation(pair: Pair) -> int:
    return int(pair.reader.arrays().generations[0])


def test_bars_that_follow_one_another_are_appended_without_a_new_generation(pair: Pair) -> None:
    before = generation(pair)
    assert [pair.writer.put_closed(0, 0, kline(number)) for number in (5, 6, 7)] == [Outcome.APPENDED] * 3
    assert numbers(pair) == [5, 6, 7]
    assert pair.writer.count(0, 0) == 3
    assert pair.writer.first_open_ms(0, 0) == kline(5).open_time
    assert pair.writer.last_open_ms(0, 0) == kline(7).open_time
    assert generation(pair) == before


def test_an_empty_series_says_so(pair: Pair) -> None:
    writer = pair.writer
    assert (writer.count(0, 0), writer.first_open_ms(0, 0), writer.last_open_ms(0, 0), writer.forming_open_ms(0, 0)) == (
        0,
        0,
        0,
        0,
    )
    assert writer.bar(0, 0, kline(1).open_time) is None
    assert writer.forming(0, 0) is None
    assert writer.put_history(0, 0, []) == HistoryOutcome(0, 0, 0, 0)
    assert numbers(pair) == []


def test_the_same_bar_again_changes_nothing(pair: Pair) -> None:
    pair.writer.put_history(0, 0, [kline(5), kline(6)])
    before = generation(pair)
    assert pair.writer.put_closed(0, 0, kline(5)) is Outcome.DUPLICATE
    assert pair.writer.put_closed(0, 0, kline(6)) is Outcome.DUPLICATE
    assert generation(pair) == before


def test_a_revised_bar_is_replaced_in_place_in_a_new_generation(pair: Pair) -> None:
    pair.writer.put_history(0, 0, [kline(5), kline(6)])
    before = generation(pair)
    assert pair.writer.put_closed(0, 0, kline(5, version=1)) is Outcome.REVISED
    assert pair.writer.bar(0, 0, kline(5).open_time) == kline(5, version=1)
    assert numbers(pair) == [5, 6]
    assert generation(pair) == before + 2


def test_a_bar_behind_a_gap_is_not_stored(pair: Pair) -> None:
    pair.writer.put_closed(0, 0, kline(5))
    assert pair.writer.put_closed(0, 0, kline(7)) is Outcome.GAP
    assert numbers(pair) == [5]


def test_a_bar_older_than_all_is_not_stored(pair: Pair) -> None:
    pair.writer.put_closed(0, 0, kline(5))
    assert pair.writer.put_closed(0, 0, kline(4)) is Outcome.OLD
    assert numbers(pair) == [5]


def test_history_may_have_holes_and_a_late_bar_fills_one(pair: Pair) -> None:
    assert pair.writer.put_history(0, 0, [kline(2), kline(5), kline(3)]) == HistoryOutcome(3, 0, 0, 0)
    assert pair.writer.bar(0, 0, kline(4).open_time) is None
    assert pair.writer.bar(0, 0, kline(3).open_time) == kline(3)
    before = generation(pair)
    assert pair.writer.put_closed(0, 0, kline(4)) is Outcome.REVISED
    assert numbers(pair) == [2, 3, 4, 5]
    assert generation(pair) == before + 2


def test_history_that_is_older_newer_known_and_changed_at_once(pair: Pair) -> None:
    pair.writer.put_history(0, 0, [kline(5), kline(6)])
    batch = [kline(8), kline(6, version=1), kline(4), kline(5), kline(7)]
    assert pair.writer.put_history(0, 0, batch) == HistoryOutcome(appended=2, prepended=1, revised=1, duplicates=1)
    assert numbers(pair) == [4, 5, 6, 7, 8]
    assert pair.writer.bar(0, 0, kline(6).open_time) == kline(6, version=1)


def test_history_that_only_continues_needs_no_new_generation(pair: Pair) -> None:
    pair.writer.put_history(0, 0, [kline(5), kline(6)])
    before = generation(pair)
    assert pair.writer.put_history(0, 0, [kline(6), kline(7)]) == HistoryOutcome(1, 0, 0, 1)
    assert generation(pair) == before


def test_within_one_batch_the_last_word_wins(pair: Pair) -> None:
    pair.writer.put_history(0, 0, [kline(5), kline(5, version=2)])
    assert pair.writer.bar(0, 0, kline(5).open_time) == kline(5, version=2)


def test_a_full_ring_lets_go_of_its_oldest(pair: Pair) -> None:
    for number in range(1, 3 * BARS):
        assert pair.writer.put_closed(0, 0, kline(number)) is Outcome.APPENDED
    assert numbers(pair) == list(range(2 * BARS, 3 * BARS))
    assert pair.writer.put_closed(0, 0, kline(2 * BARS - 1)) is Outcome.OLD
    assert pair.writer.bar(0, 0, kline(2 * BARS - 1).open_time) is None


@pytest.mark.parametrize("start", range(1, BARS + 1))
def test_more_history_than_there_is_room_keeps_the_newest(pair: Pair, start: int) -> None:
    for number in range(1, start + 1):
        pair.writer.put_closed(0, 0, kline(number))
    outcome = pair.writer.put_history(0, 0, [kline(number) for number in range(start + 1, start + 20)])
    assert outcome == HistoryOutcome(BARS, 0, 0, 0)
    assert numbers(pair) == list(range(start + 20 - BARS, start + 20))


def test_history_that_leaves_no_older_bar_is_a_new_generation(pair: Pair) -> None:
    # Given bars; the first page of an empty series is not worth one
    before = generation(pair)
    pair.writer.put_history(0, 0, [kline(number) for number in range(1, BARS + 1)])
    assert generation(pair) == before
    # When all but one are pushed out, and then all
    pair.writer.put_history(0, 0, [kline(number) for number in range(BARS + 1, 2 * BARS)])
    assert generation(pair) == before
    pair.writer.put_history(0, 0, [kline(number) for number in range(2 * BARS, 3 * BARS)])
    # Then readers were told to wait while there was nothing to see
    assert generation(pair) == before + 2
    assert numbers(pair) == list(range(2 * BARS, 3 * BARS))


def test_history_older_than_a_full_ring_is_not_taken_for_stored(pair: Pair) -> None:
    # Given a ring without room
    pair.writer.put_history(0, 0, [kline(number) for number in range(20, 20 + BARS)])
    before, count = generation(pair), int(pair.reader.arrays().counts[0])
    # When older bars come, which could not be held
    outcome = pair.writer.put_history(0, 0, [kline(5), kline(6), kline(20)])
    # Then nobody is told that they are, and no reader has to load anything again
    assert outcome == HistoryOutcome(0, 0, 0, 1)
    assert (generation(pair), int(pair.reader.arrays().counts[0])) == (before, count)


def test_a_forming_bar_is_replaced_until_it_closes(pair: Pair) -> None:
    pair.writer.put_closed(0, 0, kline(5))
    for version in range(3):
        pair.writer.put_forming(0, 0, kline(6, version))
        assert pair.reader.forming(0) == pair.writer.forming(0, 0) == kline(6, version)
    assert pair.writer.forming_open_ms(0, 0) == kline(6).open_time
    pair.writer.put_closed(0, 0, kline(6, 3))
    assert pair.reader.forming(0) is None
    assert pair.writer.forming(0, 0) is None
    assert pair.writer.forming_open_ms(0, 0) == 0


def test_a_forming_bar_of_the_past_is_ignored(pair: Pair) -> None:
    pair.writer.put_closed(0, 0, kline(5))
    pair.writer.put_forming(0, 0, kline(5))
    pair.writer.put_forming(0, 0, kline(4))
    assert pair.reader.forming(0) is None


def test_a_newer_forming_bar_stays_when_its_predecessor_closes(pair: Pair) -> None:
    pair.writer.put_closed(0, 0, kline(5))
    pair.writer.put_forming(0, 0, kline(7))
    pair.writer.put_closed(0, 0, kline(6))
    assert pair.reader.forming(0) == kline(7)


def test_history_takes_the_forming_bar_away_when_it_reaches_it(pair: Pair) -> None:
    pair.writer.put_forming(0, 0, kline(6))
    pair.writer.put_history(0, 0, [kline(4), kline(5)])
    assert pair.reader.forming(0) == kline(6)
    pair.writer.put_history(0, 0, [kline(6)])
    assert pair.reader.forming(0) is None


def test_a_cleared_series_begins_anew_anywhere(pair: Pair) -> None:
    pair.writer.put_history(0, 0, [kline(number) for number in range(20, 30)])
    pair.writer.put_forming(0, 0, kline(30))
    before = generation(pair)
    pair.writer.clear(0, 0)
    assert numbers(pair) == []
    assert pair.reader.forming(0) is None
    assert generation(pair) == before + 2
    assert pair.writer.put_closed(0, 0, kline(3)) is Outcome.APPENDED
    assert numbers(pair) == [3]


@pytest.mark.parametrize("put", ["put_forming", "put_closed"])
def test_a_bar_that_is_no_numbers_leaves_its_row_readable(pair: Pair, put: str) -> None:
    # Given
    pair.writer.put_closed(0, 0, kline(5))
    pair.writer.put_forming(0, 0, kline(6))
    # When
    with pytest.raises(Exception, match="float"):
        getattr(pair.writer, put)(0, 0, kline(6)._replace(high=None))
    # Then
    assert pair.reader.forming(0) == kline(6)
    assert pair.writer.put_closed(0, 0, kline(6)) is Outcome.APPENDED
    assert numbers(pair) == [5, 6]


def test_history_that_is_no_numbers_leaves_the_series_as_it_was(pair: Pair) -> None:
    pair.writer.put_history(0, 0, [kline(5), kline(6)])
    before = generation(pair)
    with pytest.raises(Exception, match="float"):
        pair.writer.put_history(0, 0, [kline(4), kline(5)._replace(high=None)])
    assert numbers(pair) == [5, 6]
    assert generation(pair) == before
