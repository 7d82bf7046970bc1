"""What a wished series asks for next, and when it holds its tongue."""

from collections.abc import Iterator

import pytest

from engine.base.types import Kline
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.feeds.asks import Ask, Tally
from engine.feeds.freshness import State
from engine.feeds.join import Series
from engine.feeds.needs import RETRY_MAX_S, Now, Slot

MINUTE = 60_000
T = 1_700_000_040_000 // MINUTE * MINUTE
GRACE_MS = 5_000


@pytest.fixture
def slot() -> Iterator[Slot]:
    segment = Segment.create(2, 2, 64)
    writer = Writer(segment)
    series = Series(writer, writer.add_symbol("A"), writer.add_interval("1m"), MINUTE, lambda *_: None, Tally())
    yield Slot("A", "1m", "a@kline_1m", series, from_ms=T, wished_s=100.0)
    segment.close()


def now(bars: float, monotonic_s: float = 101.0, rate: float = 1.0) -> Now:
    return Now(int(T + bars * MINUTE), monotonic_s, rate)


def joined(slot: Slot, count: int = 3) -> Slot:
    """The slot with its first history: so many closed bars, from T."""
    rows = [Kline(T + index * MINUTE, 2, 3, 1, 2, 1, 1, 1, 1, 1) for index in range(count)]
    slot.subscribed = True
    slot.series.fill(Ask(T, T, first=True, from_ms=T), rows, T + count * MINUTE, full=False)
    return slot


def test_first_history_waits_for_the_stream(slot: Slot) -> None:
    assert slot.next_ask(now(10.5), GRACE_MS) is None
    slot.subscribed = True
    assert slot.next_ask(now(10.5), GRACE_MS) == Ask(T, T + 9 * MINUTE, first=True, from_ms=T)


def test_without_a_stream_history_is_fetched_after_the_grace_all_the_same(slot: Slot) -> None:
    assert slot.next_ask(now(10.5, monotonic_s=104.9), GRACE_MS) is None
    assert slot.next_ask(now(10.5, monotonic_s=105.0), GRACE_MS) is not None


def test_nothing_is_asked_twice_at_once(slot: Slot) -> None:
    slot.subscribed = True
    slot.asking = slot.next_ask(now(10.5), GRACE_MS)
    assert slot.next_ask(now(10.5), GRACE_MS) is None


def test_a_close_is_asked_for_when_its_grace_is_over(slot: Slot) -> None:
    joined(slot)
    assert slot.next_ask(now(4 + 4 / 60), GRACE_MS) is None
    assert slot.next_ask(now(4 + 6 / 60), GRACE_MS) == Ask(T + 3 * MINUTE, T + 3 * MINUTE)
    assert slot.next_ask(now(4 + 6 / 60, rate=60.0), GRACE_MS) is None


def test_closes_missed_while_the_stream_was_gone_are_asked_for_at_once(slot: Slot) -> None:
    joined(slot)
    slot.lost_until_ms = T + 6 * MINUTE + 100
    assert slot.next_ask(now(6 + 1 / 60), GRACE_MS) == Ask(T + 3 * MINUTE, T + 5 * MINUTE)


def test_older_history_is_asked_for_when_it_is_wished(slot: Slot) -> None:
    joined(slot)
    assert slot.is_ready
    slot.from_ms = T - 5 * MINUTE
    assert not slot.is_ready
    ask = slot.next_ask(now(3.5), GRACE_MS)
    assert ask == Ask(T - 5 * MINUTE, T - MINUTE, older=True, from_ms=T - 5 * MINUTE, closed_ms=T - MINUTE)


def test_asking_in_vain_is_repeated_ever_more_rarely(slot: Slot) -> None:
    joined(slot)
    pauses = []
    for _ in range(12):
        slot.answered(False, 0.0, lambda: 1.0)
        pauses.append(slot.retry_s)
    assert pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert pauses[-1] == RETRY_MAX_S
    assert slot.next_ask(now(9, monotonic_s=RETRY_MAX_S - 1), GRACE_MS) is None

    slot.answered(True, 50.0, lambda: 1.0)
    assert slot.next_ask(now(9, monotonic_s=50.0), GRACE_MS) is not None


def test_a_series_says_how_it_is(slot: Slot) -> None:
    assert slot.state(now(3.5), GRACE_MS) is State.NO_DATA
    joined(slot)
    assert slot.state(now(3.5), GRACE_MS) is State.LIVE
    assert slot.state(now(5.5), GRACE_MS) is State.REPAIRING
    slot.answered(False, 0.0, lambda: 1.0)
    assert slot.state(now(5.5), GRACE_MS) is State.STALE
