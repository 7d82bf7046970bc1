"""A look finds what wants something: overdue closes, lost streams; and says of each series how it is."""

from collections.abc import Iterator

import pytest

from engine.base.types import Kline
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.feeds.asks import Ask, Tally
from engine.feeds.facts import facts_of
from engine.feeds.freshness import State
from engine.feeds.join import Series
from engine.feeds.needs import Now, Slot
from engine.feeds.silence import CONFIRM_S, PATIENCE_MIN_S
from engine.feeds.watch import QUESTIONS_BURST, Watch

MINUTE = 60_000
T = 1_700_000_040_000 // MINUTE * MINUTE
GRACE_MS = 5_000.0


def bar(index: int, trades: float = 3.0) -> Kline:
    return Kline(T + index * MINUTE, 2.0, 3.0, 1.0, 2.0, 1.0, 1.0, trades, 1.0, 1.0)


class Bench:
    """Series with three bars each, subscribed, half a minute into the fourth bar."""

    def __init__(self, count: int = 1) -> None:
        self.segment = Segment.create(64, 2, 64)
        writer, self.tally = Writer(self.segment), Tally()
        self.watch = Watch(GRACE_MS)
        self.now_s, self.now_ms = 100.0, T + 3 * MINUTE + 30_000
        self.slots = []
        for number in range(count):
            numbers = writer.add_symbol(f"C{number}"), writer.add_interval("1m")
            series = Series(writer, *numbers, MINUTE, lambda *_: None, self.tally)
            self.slots.append(Slot(f"C{number}", "1m", f"c{number}@kline_1m", series, from_ms=T, wished_s=self.now_s))
        self.watch.add(self.slots, self.now)
        self.watch.subscribed(self.watch.streams, self.now)
        for slot in self.slots:
            slot.series.fill(Ask(T, T + 2 * MINUTE, first=True, from_ms=T), [bar(i) for i in range(4)], 0.0, full=False)
        self.watch.look(self.now)

    @property
    def now(self) -> Now:
        return Now(self.now_ms, self.now_s, 1.0)

    def later(self, seconds: float) -> None:
        self.now_s += seconds
        self.now_ms += int(seconds * 1e3)

    def answer(self, slot: Slot, *rows: Kline) -> None:
        assert slot.asking is not None
        self.watch.deliver(slot, slot.asking, rows, 0.0, self.now, lambda: 0.0, full=False)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.segment.close()


def test_nothing_is_asked_while_all_is_well(bench: Bench) -> None:
    assert bench.watch.look(bench.now).asks == []
    assert bench.watch.counts() == {"live": 1, "repairing": 0, "stale": 0, "no_data": 0}


def test_an_overdue_close_is_asked_for_and_the_state_says_so(bench: Bench) -> None:
    slot = bench.slots[0]
    bench.later(36.0)
    (asked,) = bench.watch.look(bench.now).asks
    assert asked == (slot, Ask(T + 3 * MINUTE, T + 3 * MINUTE))
    assert slot.shown is State.REPAIRING
    assert slot.since_ms == bench.now_ms
    assert "missing" in slot.reason(bench.now, GRACE_MS)

    # When a reply does not have it, the series is stale; when one does, it is live again
    bench.answer(slot)
    bench.watch.look(bench.now)
    assert slot.shown is State.STALE
    bench.later(1.0)
    bench.watch.look(bench.now)
    bench.answer(slot, bar(3), bar(4))
    slot.series.gate.event_ms = bench.now_ms
    bench.watch.look(bench.now)
    assert slot.shown is State.LIVE
    assert facts_of(slot, bench.now, GRACE_MS).last_closed_ms == T + 3 * MINUTE


def test_a_reply_that_stays_out_makes_a_series_stale_too(bench: Bench) -> None:
    bench.later(36.0)
    bench.watch.look(bench.now)
    bench.later(6.0)
    bench.watch.look(bench.now)
    assert bench.slots[0].shown is State.STALE


def test_a_lost_stream_is_noticed_at_once_and_is_stale_after_the_grace(bench: Bench) -> None:
    slot = bench.slots[0]
    bench.watch.lost([slot.stream], bench.now)
    assert slot.shown is State.REPAIRING
    bench.later(6.0)
    bench.watch.look(bench.now)
    assert slot.shown is State.STALE
    assert "no stream" in slot.reason(bench.now, GRACE_MS)
    bench.watch.subscribed([slot.stream], bench.now)
    bench.watch.look(bench.now)
    assert slot.shown is State.LIVE


def test_bars_from_ahead_of_a_clock_that_was_set_back_are_not_called_live(bench: Bench) -> None:
    # Given an exchange that starts anew with an earlier clock
    bench.now_ms -= 3_600_000
    bench.watch.look(bench.now)
    assert bench.watch.counts()["stale"] == 1
    assert "clock, which was set back" in facts_of(bench.slots[0], bench.now, GRACE_MS).reason

    # When the clock is set right again
    bench.now_ms += 3_600_000
    bench.watch.look(bench.now)
    assert bench.watch.counts()["live"] == 1


def test_a_silent_stream_is_found_within_ten_seconds_when_the_exchange_trades(bench: Bench) -> None:
    slot = bench.slots[0]
    bench.later(PATIENCE_MIN_S + 0.1)
    ((_, ask),) = bench.watch.look(bench.now).asks
    assert ask.probe
    assert slot.shown is State.LIVE

    # When the exchange has more trades than the stream told of
    bench.answer(slot, bar(3, trades=9.0))
    bench.watch.look(bench.now)
    assert slot.shown is State.REPAIRING
    bench.later(CONFIRM_S)
    assert bench.watch.look(bench.now).lost == [slot.stream]
    assert slot.shown is State.STALE
    assert "silent" in slot.reason(bench.now, GRACE_MS)

    # Then it is live again with its first event, not with the subscription
    bench.watch.subscribed([slot.stream], bench.now)
    bench.watch.look(bench.now)
    assert slot.shown is State.STALE
    slot.series.gate.event_ms = bench.now_ms
    bench.watch.look(bench.now)
    assert slot.shown is State.LIVE


def test_an_event_in_time_dispels_the_doubt(bench: Bench) -> None:
    slot = bench.slots[0]
    bench.later(PATIENCE_MIN_S + 0.1)
    bench.watch.look(bench.now)
    bench.answer(slot, bar(3, trades=9.0))
    slot.series.gate.event_ms = bench.now_ms
    bench.later(CONFIRM_S)
    assert bench.watch.look(bench.now).lost == []
    assert slot.shown is State.LIVE


def test_a_quiet_coin_is_left_in_peace_for_longer_each_time(bench: Bench) -> None:
    asked = []
    for _ in range(60 * 4):
        bench.now_s += 0.25
        for slot, _ in bench.watch.look(bench.now).asks:
            asked.append(bench.now_s - 100.0)
            bench.answer(slot, bar(3))
    assert asked[0] == pytest.approx(7.25)
    assert len(asked) <= 4
    assert bench.watch.found_lost == 0


def test_questions_are_few_however_many_are_silent() -> None:
    bench = Bench(60)
    bench.later(PATIENCE_MIN_S + 0.1)
    assert len(bench.watch.look(bench.now).asks) == QUESTIONS_BURST
    bench.later(1.0)
    assert len(bench.watch.look(bench.now).asks) == 4
    bench.later(1.0)
    assert bench.watch.look(bench.now, may_ask=False).asks == []
    bench.segment.close()


def test_a_close_that_only_rest_told_of_throws_doubt_on_the_stream(bench: Bench) -> None:
    slot = bench.slots[0]
    slot.series.gate.event_ms = bench.now_ms
    bench.watch.look(bench.now)
    bench.later(36.0)
    bench.watch.look(bench.now)
    bench.answer(slot, bar(3), bar(4))
    bench.watch.look(bench.now)
    assert slot.shown is State.REPAIRING
    bench.later(CONFIRM_S)
    assert bench.watch.look(bench.now).lost == [slot.stream]


def test_slots_that_go_leave_the_others_as_they_are() -> None:
    bench = Bench(5)
    bench.watch.lost([bench.slots[3].stream], bench.now)
    bench.watch.remove([bench.slots[0], bench.slots[2]])
    bench.later(6.0)
    bench.watch.look(bench.now)
    assert [slot.shown for slot in bench.watch.slots] == [State.LIVE, State.STALE, State.LIVE]
    assert bench.watch.counts() == {"live": 2, "repairing": 0, "stale": 1, "no_data": 0}
    assert bench.watch.slot("C0", "1m") is None
    bench.watch.subscribed(["c0@kline_1m", bench.slots[4].stream], bench.now)
    bench.segment.close()
