"""The last word about a closed bar wins, whenever it arrives; contradictions are settled by asking; leaps are noted."""

from collections.abc import Iterator

import pytest

from engine.base.types import Kline
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.feeds.asks import Tally
from engine.feeds.closes import CONTESTED_MAX, Closes
from engine.feeds.incidents import KEPT, Incidents, Jump, Revision

MINUTE = 60_000
T = 1_700_000_040_000 // MINUTE * MINUTE


def bar(index: int, close: float = 101.0) -> Kline:
    return Kline(T + index * MINUTE, 100.0, 200.0, 50.0, close, 5.0, 500.0, 3.0, 2.0, 200.0)


def told_at(index: int, late_ms: int = 70) -> int:
    """When the exchange tells of a bar, so long after its end."""
    return T + (index + 1) * MINUTE + late_ms


class Bench:
    """Closes on real shared memory."""

    def __init__(self) -> None:
        self.segment = Segment.create(2, 2, 64)
        self.writer = Writer(self.segment)
        self.tally = Tally(jump_share=0.5)
        self.announced: list[int] = []
        numbers = self.writer.add_symbol("BTCUSDT"), self.writer.add_interval("1m")
        self.closes = Closes(
            self.writer, *numbers, MINUTE, lambda _s, _i, ms: self.announced.append((ms - T) // MINUTE), self.tally
        )

    def close_of(self, index: int) -> float:
        kline = self.writer.bar(0, 0, T + index * MINUTE)
        assert kline is not None
        return kline.close


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.segment.close()


def test_a_correction_wins_and_is_told_to_nobody_twice(bench: Bench) -> None:
    bench.closes.put(bar(0), told_at(0))
    assert not bench.closes.put(bar(0, close=102.0), told_at(0, 5_000))
    assert bench.close_of(0) == 102.0
    assert bench.announced == [0]
    assert list(bench.tally.incidents.revisions) == [Revision("BTCUSDT", "1m", T, "close", 101.0, 102.0, 1)]


def test_an_original_that_arrives_after_its_correction_does_not_undo_it(bench: Bench) -> None:
    bench.closes.put(bar(0, close=102.0), told_at(0, 5_000))
    bench.closes.put(bar(1), told_at(1))
    bench.closes.put(bar(0), told_at(0))
    assert bench.close_of(0) == 102.0
    assert (bench.tally.revised, bench.tally.out_of_order) == (0, 1)


def test_of_a_bar_long_past_only_what_was_sent_long_after_it_is_a_correction(bench: Bench) -> None:
    for index in range(20):
        bench.closes.put(bar(index), told_at(index))
    bench.closes.put(bar(2, close=103.0), told_at(2, 30_000))
    assert bench.close_of(2) == 101.0
    bench.closes.put(bar(2, close=103.0), told_at(19))
    assert bench.close_of(2) == 103.0


def test_two_words_about_one_bar_are_settled_by_the_exchange(bench: Bench) -> None:
    bench.closes.put(bar(0), told_at(0))
    bench.closes.put(bar(0, close=102.0), told_at(0, -70))
    assert bench.closes.contested == (T,)
    bench.closes.judge(T, bar(0, close=102.0))
    assert bench.closes.contested == ()
    assert bench.close_of(0) == 102.0
    assert bench.tally.revised == 1


def test_doubts_do_not_pile_up(bench: Bench) -> None:
    for index in range(40):
        bench.closes.contest(T + index * MINUTE)
    assert len(bench.closes.contested) == CONTESTED_MAX
    assert bench.closes.contested[-1] == T + 39 * MINUTE


@pytest.mark.parametrize("close, noted", [(151.0, False), (152.0, True), (50.6, False), (50.4, True)])
def test_a_close_far_from_the_one_before_is_noted_and_kept(bench: Bench, close: float, noted: bool) -> None:
    bench.closes.put(bar(0), told_at(0))
    bench.closes.put(bar(1, close=close), told_at(1))
    assert bench.close_of(1) == close
    assert list(bench.tally.incidents.jumps) == [Jump("BTCUSDT", "1m", T + MINUTE, 101.0, close)] * noted


def test_bars_of_history_count_as_told_when_the_page_was_asked_for(bench: Bench) -> None:
    bench.closes.put_first([bar(0), bar(1)], told_at(1, 9_000), since_ms=T)
    assert bench.announced == [1]
    bench.closes.put(bar(1, close=103.0), told_at(1))
    assert bench.close_of(1) == 101.0
    bench.closes.put(bar(1, close=104.0), told_at(1, 10_000))
    assert bench.close_of(1) == 104.0


def test_of_incidents_all_are_counted_the_last_are_kept_and_each_bar_is_told_once() -> None:
    incidents = Incidents()
    for index in range(KEPT + 30):
        incidents.revise("BTCUSDT", "1m", bar(index), bar(index, close=102.0))
    incidents.revise("BTCUSDT", "1m", bar(KEPT + 29, close=102.0), bar(KEPT + 29, close=103.0))
    found, more = incidents.news(5)
    assert (incidents.revised, len(incidents.revisions)) == (KEPT + 31, KEPT)
    assert (len(found), more) == (5, KEPT + 25)
    assert incidents.news(5) == ([], 0)


def test_incidents_say_what_happened() -> None:
    assert str(Revision("BTCUSDT", "1m", T, "high", 1.5, 2.0, 3)) == "high and 2 more: 1.5, now 2"
    assert str(Jump("BTCUSDT", "1m", T, 100.0, 40.0)) == "close 100, then 40 (-60 %)"
