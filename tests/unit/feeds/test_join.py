"""History and live events become one series without a hole or a double, in whatever order they come."""

from collections.abc import Iterator

import pytest

from engine.base.types import Kline
from engine.binance.messages import KlineEvent, KlineFields
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.feeds.asks import Ask, Phase, Tally
from engine.feeds.join import Series

MINUTE = 60_000
T = 1_700_000_040_000 // MINUTE * MINUTE
NEVER = 0.0


def bar(index: int, close: float = 0.0, volume: float = 5.0) -> Kline:
    """The bar that opens `index` minutes after T."""
    price = 100.0 + index
    return Kline(T + index * MINUTE, price, price + 2, price - 2, close or price + 1, volume, 500.0, 3.0, 2.0, 200.0)


def event(kline: Kline, *, closed: bool, sent_ms: int = 0) -> KlineEvent:
    """A frame's event about that bar; a closed one is sent just after its end."""
    fields = KlineFields(*kline, closed)
    return KlineEvent(sent_ms or kline.open_time + (MINUTE + 70 if closed else 30_000), fields)


class Bench:
    """One series on real shared memory, and what it announced."""

    def __init__(self) -> None:
        self.segment = Segment.create(4, 2, 64)
        self.writer = Writer(self.segment)
        self.symbol, self.interval = self.writer.add_symbol("BTCUSDT"), self.writer.add_interval("1m")
        self.announced: list[int] = []
        self.tally = Tally()
        self.series = Series(self.writer, self.symbol, self.interval, MINUTE, self._closed, self.tally)

    def _closed(self, symbol: int, interval: int, open_ms: int) -> None:
        assert self.writer.bar(symbol, interval, open_ms) is not None, "announced before it was there"
        self.announced.append((open_ms - T) // MINUTE)

    def closed(self, *indices: int) -> None:
        """Live closes."""
        for index in indices:
            self.series.take(event(bar(index), closed=True))

    def forming(self, index: int, close: float = 0.0, sent_ms: int = 0) -> None:
        """A live event of a bar that is not closed."""
        self.series.take(event(bar(index, close), closed=False, sent_ms=sent_ms))

    def first_history(self, *indices: int, sure: int | None = None) -> None:
        """The first page, ending with the open bar unless `sure` says how far bars are certainly closed."""
        ask = Ask(T, T + indices[-1] * MINUTE if indices else T, first=True, from_ms=T)
        self.series.fill(ask, [bar(index) for index in indices], NEVER if sure is None else T + sure * MINUTE, full=False)

    def repair(self, *indices: int, sure_ms: float = NEVER) -> Ask | None:
        """Answer what the series asks for with these bars; returns what was asked."""
        ask = self.series.gap()
        assert ask is not None
        self.series.fill(ask, [bar(index) for index in indices], sure_ms, full=False)
        return ask

    @property
    def bars(self) -> list[int]:
        """Positions of the bars that are held."""
        first, last = self.writer.first_open_ms(0, 0), self.writer.last_open_ms(0, 0)
        times = range(first, last + 1, MINUTE) if self.writer.count(0, 0) else ()
        return [(time_ms - T) // MINUTE for time_ms in times if self.writer.bar(0, 0, time_ms) is not None]

    @property
    def forming_index(self) -> int | None:
        """Position of the forming bar."""
        kline = self.writer.forming(0, 0)
        return None if kline is None else (kline.open_time - T) // MINUTE


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.segment.close()


def test_the_last_row_of_history_is_not_closed_unless_that_is_certain(bench: Bench) -> None:
    bench.first_history(0, 1, 2)

    assert bench.bars == [0, 1]
    assert bench.forming_index == 2
    assert bench.announced == []


def test_a_last_row_that_closed_long_ago_is_closed(bench: Bench) -> None:
    bench.first_history(0, 1, 2, sure=3)
    assert bench.bars == [0, 1, 2]
    assert bench.forming_index is None


def test_live_closes_follow_history_and_are_announced(bench: Bench) -> None:
    bench.first_history(0, 1, 2)
    bench.closed(2, 3)
    assert bench.bars == [0, 1, 2, 3]
    assert bench.announced == [2, 3]


def test_closes_that_came_before_history_are_kept_for_it(bench: Bench) -> None:
    # Given closes while the first page is out: one that it will hold, two that it will not
    bench.closed(2, 3, 4)
    assert bench.bars == []

    # When
    bench.first_history(0, 1, 2, 3)

    # Then the live closes are put after it, and only what it did not hold is announced
    assert bench.bars == [0, 1, 2, 3, 4]
    assert bench.announced == [3, 4]
    assert bench.series.phase is Phase.LIVE


def test_a_live_close_corrects_the_row_of_history(bench: Bench) -> None:
    bench.series.take(event(bar(1, close=101.5), closed=True))
    bench.first_history(0, 1, 2)
    kline = bench.writer.bar(0, 0, T + MINUTE)
    assert kline is not None
    assert kline.close == 101.5


def test_a_page_that_is_old_on_arrival_leaves_a_gap_that_is_asked_for(bench: Bench) -> None:
    bench.closed(7, 8)
    bench.first_history(0, 1, 2)

    assert bench.series.phase is Phase.REPAIRING
    assert bench.bars == [0, 1]
    assert bench.repair(2, 3, 4, 5, 6, 7) == Ask(T + 2 * MINUTE, T + 6 * MINUTE)
    assert bench.bars == list(range(9))
    assert bench.announced == list(range(2, 9))


def test_a_close_that_skips_bars_is_kept_until_exactly_those_are_there(bench: Bench) -> None:
    bench.first_history(0, 1)
    bench.closed(1, 4, 5)

    assert bench.bars == [0, 1]
    assert bench.repair(2, 3, 4) == Ask(T + 2 * MINUTE, T + 3 * MINUTE)
    assert bench.announced == [1, 2, 3, 4, 5]
    assert (bench.tally.gaps, bench.tally.repaired) == (1, 2)


def test_closes_out_of_order_heal_without_asking(bench: Bench) -> None:
    bench.first_history(0, 1)
    bench.closed(3, 2, 1)
    bench.closed(4)

    assert bench.series.phase is Phase.REPAIRING or bench.bars == [0, 1, 2, 3, 4]
    assert bench.announced == [1, 2, 3, 4]


def test_a_reply_without_the_missing_bar_leaves_the_gap_open(bench: Bench) -> None:
    bench.first_history(0, 1)
    bench.closed(1, 3)
    bench.repair()
    assert bench.announced == [1]

    bench.repair(2, 3)
    assert bench.announced == [1, 2, 3]


def test_a_bar_the_exchange_lacks_is_a_hole_when_two_replies_say_so(bench: Bench) -> None:
    bench.first_history(0, 1)
    bench.closed(1, 4)

    bench.repair(3, 4)
    assert bench.announced == [1]
    bench.repair(3, 4)

    assert bench.bars == [0, 1, 3, 4]
    assert bench.announced == [1, 3, 4]
    assert bench.tally.holes == 1
    bench.closed(5)
    assert bench.bars == [0, 1, 3, 4, 5]


def test_a_row_that_was_open_when_the_page_was_made_is_not_closed_by_what_came_since(bench: Bench) -> None:
    # Given a page on its way whose last row is still open
    bench.first_history(0, 1)
    bench.closed(1)
    ask = bench.series.missing_until(T + 2 * MINUTE)
    assert ask is not None
    unfinished = bar(3, close=103.3)

    # When the close of that bar is lost and the one after it comes before the page
    bench.closed(4)
    bench.series.fill(ask, [bar(2), unfinished], NEVER, full=False)

    # Then
    assert bench.bars == [0, 1, 2]
    bench.repair(3, 4)
    assert bench.bars == [0, 1, 2, 3, 4]
    assert bench.writer.bar(0, 0, T + 3 * MINUTE) == bar(3)


def test_a_hole_just_before_the_open_bar_is_passed_over(bench: Bench) -> None:
    bench.first_history(0, 1)
    bench.closed(1)
    for _ in range(2):
        ask = bench.series.missing_until(T + 2 * MINUTE)
        assert ask == Ask(T + 2 * MINUTE, T + 2 * MINUTE)
        bench.series.fill(ask, [bar(3)], NEVER, full=False)

    assert bench.series.missing_until(T + 2 * MINUTE) is None
    assert bench.forming_index == 3
    bench.closed(3)
    assert bench.bars == [0, 1, 3]


def test_a_bar_believed_missing_that_comes_after_all_is_taken(bench: Bench) -> None:
    bench.first_history(0, 1)
    bench.closed(1)
    for _ in range(2):
        bench.series.fill(Ask(T + 2 * MINUTE, T + 2 * MINUTE), [bar(3)], NEVER, full=False)
    bench.closed(2, 3)
    assert bench.bars == [0, 1, 2, 3]
    assert bench.announced == [1, 2, 3]


def test_an_overdue_close_is_fetched_and_the_live_one_that_follows_is_a_double(bench: Bench) -> None:
    bench.first_history(0, 1)
    bench.closed(1)
    bench.series.fill(Ask(T + 2 * MINUTE, T + 2 * MINUTE), [bar(2), bar(3)], NEVER, full=False)
    bench.closed(2)

    assert bench.announced == [1, 2]
    assert bench.tally.duplicates == 1


def test_a_changed_closed_bar_is_revised_and_not_announced_again(bench: Bench) -> None:
    bench.first_history(0, 1)
    bench.closed(1)
    bench.series.take(event(bar(1, close=101.7), closed=True))
    assert bench.announced == [1]
    assert bench.tally.revised == 1


def test_the_forming_bar_waits_for_its_predecessor_to_close(bench: Bench) -> None:
    bench.first_history(0, 1)
    bench.forming(2)
    assert bench.forming_index == 1

    bench.closed(1)
    assert bench.forming_index == 2


def test_a_forming_event_that_is_older_than_the_last_is_ignored(bench: Bench) -> None:
    bench.first_history(0, 1)
    bench.forming(1, close=101.6, sent_ms=T + MINUTE + 4_000)
    bench.forming(1, close=101.2, sent_ms=T + MINUTE + 2_000)
    kline = bench.writer.forming(0, 0)
    assert kline is not None
    assert kline.close == 101.6
    bench.closed(1)
    bench.forming(1)
    assert bench.forming_index is None
    assert bench.tally.out_of_order == 2


def test_first_history_of_several_pages_is_put_when_the_last_is_there(bench: Bench) -> None:
    ask = Ask(T, T + 3 * MINUTE, first=True, from_ms=T)
    rest = bench.series.fill(ask, [bar(0), bar(1)], NEVER, full=True)
    assert rest is not None
    # The open end of a full page is asked for again.
    assert rest.start_ms == T + MINUTE
    assert bench.bars == []

    assert bench.series.fill(rest, [bar(1), bar(2)], NEVER, full=False) is None
    assert bench.bars == [0, 1]
    assert bench.series.covered_from_ms == T


def test_bars_after_the_watermark_are_announced_even_from_first_history(bench: Bench) -> None:
    bench.series.since_ms = T + MINUTE
    bench.first_history(0, 1, 2, 3, 4)
    assert bench.announced == [2, 3]


def test_older_history_is_put_before_and_not_announced(bench: Bench) -> None:
    bench.first_history(5, 6, 7)
    bench.series.covered_from_ms = T + 5 * MINUTE
    ask = bench.series.before(T + 2 * MINUTE)
    assert ask == Ask(T + 2 * MINUTE, T + 4 * MINUTE, older=True, from_ms=T + 2 * MINUTE, closed_ms=T + 4 * MINUTE)

    bench.series.fill(ask, [bar(2), bar(3), bar(4)], T + 20 * MINUTE, full=False)

    assert bench.bars == [2, 3, 4, 5, 6]
    assert bench.announced == []
    assert bench.series.before(T + 2 * MINUTE) is None


def test_a_symbol_without_any_bar_begins_with_its_first_close(bench: Bench) -> None:
    bench.first_history(sure=3)
    assert bench.series.phase is Phase.EMPTY
    bench.first_history(sure=3)
    assert bench.series.phase is Phase.LIVE
    bench.closed(3, 4)
    assert bench.bars == [3, 4]
    assert bench.announced == [3, 4]


def test_without_history_the_first_close_begins_the_series(bench: Bench) -> None:
    bench.series.start_without_history()
    bench.forming(3)
    bench.closed(3, 4)
    assert bench.bars == [3, 4]


@pytest.mark.parametrize(
    "changes",
    [
        {"low": float("nan")},
        {"high": float("inf")},
        {"volume": float("nan")},
        {"trades": float("inf")},
        {"volume": -1.0},
        {"trades": -1.0},
        {"taker_buy_volume": -1.0},
        {"open": 0.0},
        {"high": 1.0},
        {"close": 1e9},
        {"open_time": T + 1},
        {"open_time": T + 10 * MINUTE},
        {"open_time": -MINUTE},
        {"open_time": 0},
    ],
)
@pytest.mark.parametrize("closed", [True, False])
def test_a_bar_that_cannot_be_true_is_counted_and_left_out(bench: Bench, changes: dict[str, float], closed: bool) -> None:
    bench.first_history(0, 1)
    bench.series.take(event(bar(1)._replace(**changes), closed=closed, sent_ms=T + MINUTE + 100))

    assert bench.tally.invalid == 1
    assert bench.bars == [0]


def test_an_event_from_the_far_future_does_not_stop_a_series(bench: Bench) -> None:
    bench.first_history(0, 1)
    bench.tally.horizon_ms = T + 10 * MINUTE
    bench.closed(1, 60_000)
    bench.forming(60_001)
    assert bench.tally.invalid == 2
    bench.closed(2)
    assert bench.bars == [0, 1, 2]


def test_rows_of_history_that_cannot_be_true_are_left_out(bench: Bench) -> None:
    ask = Ask(T, T + 2 * MINUTE, first=True, from_ms=T)
    rows = [bar(0), bar(1)._replace(high=float("nan")), bar(2), bar(3)]
    bench.series.fill(ask, rows, NEVER, full=False)
    assert bench.bars == [0, 2]
    assert bench.tally.invalid == 1


def test_a_server_that_lags_does_not_cut_a_bar_short_although_it_is_known_to_have_closed(bench: Bench) -> None:
    # Given a gap before a bar that has closed, and a page of a server that still has the missing one open
    bench.first_history(0, 1)
    bench.closed(1, 4)
    unfinished = bar(3, close=103.3)
    ask = bench.series.gap()
    assert ask is not None

    bench.series.fill(ask, [bar(2), unfinished], NEVER, full=False)

    assert bench.bars == [0, 1, 2]
    bench.repair(3, 4)
    assert bench.bars == [0, 1, 2, 3, 4]
    assert bench.writer.bar(0, 0, T + 3 * MINUTE) == bar(3)


def test_a_contested_bar_is_judged_by_a_page_that_proves_it_closed(bench: Bench) -> None:
    bench.first_history(0, 1)
    bench.closed(1)
    bench.series.take(event(bar(1, close=101.7), closed=True))
    ask = bench.series.contested()
    assert ask is not None

    bench.series.fill(ask, [bar(1, close=101.1)], NEVER, full=False)
    assert bench.series.contested() == ask
    bench.series.fill(ask, [bar(1, close=101.5), bar(2)], NEVER, full=True)

    assert bench.series.contested() is None
    kline = bench.writer.bar(0, 0, T + MINUTE)
    assert kline is not None
    assert kline.close == 101.5
    assert bench.announced == [1]
