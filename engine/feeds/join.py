"""One series from two sources: history over REST and live events, joined without a hole or a double.

Pure but for the candles it writes: no socket, no clock. The order is always the same: subscribe first, keep what comes while
history is out, put history, then what was kept, then live. The same holds for a gap found later: whatever comes after it is
kept until the missing bars are there, by whichever way. So a closed bar is announced exactly once, in the order of time.

    EMPTY ──first history──▶ LIVE ──a close skips bars──▶ REPAIRING ──they arrive, or do not exist──▶ LIVE

A bar is *settled* when nothing is left to learn about it: it is stored, or the exchange does not have it. That the exchange
lacks a bar although it has later ones is believed when a second reply says so. What becomes of a closed bar: `closes`; what a
page of history says: `pages`.
"""

from collections.abc import Sequence
from math import inf

import msgspec

from engine.base.types import Kline
from engine.binance.messages import KlineEvent
from engine.candles.bars import check_kline, merge
from engine.candles.writer import Writer
from engine.feeds import pages
from engine.feeds.asks import NEVER_MS, Ask, Phase, Tally
from engine.feeds.closes import Announce, Closes
from engine.feeds.freshness import newest_closed_ms
from engine.feeds.gates import Gate

#: Closed bars kept while history is out; beyond it they are dropped and asked for like any other missing bar.
KEPT_MAX = 4_000
#: By so much the times that events carry may be off, in ms of the exchange: its clock, too, is only a clock.
SKEW_MS = 10_000

#: Quick ways for the hot path: a member of an enum, and a named tuple's own constructor, take longer to reach.
_LIVE = Phase.LIVE
_as_tuple = msgspec.structs.astuple
_new = tuple.__new__


class Series:
    """The state machine of one symbol and interval; `announce` is told of each closed bar's open time."""

    __slots__ = (
        "_ahead", "_closes", "_doubted_ms", "_early", "_early_word_ms", "_ended", "_event_at", "_interval", "_kept",
        "_put_forming", "_symbol", "_tally", "_words", "_writer", "covered_from_ms", "gate", "length_ms", "next_ms", "phase",
        "since_ms",
    )  # fmt: skip

    def __init__(
        self,
        writer: Writer,
        symbol: int,
        interval: int,
        length_ms: int,
        announce: Announce,
        tally: Tally,
        gate: Gate | None = None,
    ) -> None:
        self._writer = writer
        self._symbol = symbol
        self._interval = interval
        self._put_forming = writer.put_forming
        self._tally = tally
        self._closes = Closes(writer, symbol, interval, length_ms, announce, tally)
        self.length_ms = length_ms
        self.phase = Phase.EMPTY
        #: Bars of the first history that open later than this are announced too.
        self.since_ms: float = inf
        #: History has been asked from here on.
        self.covered_from_ms = 0
        #: Open time of the first bar that is not settled; NEVER_MS before there is one.
        self.next_ms = NEVER_MS
        #: Through here a compiled reader writes forming bars; it stays shut whenever the next one needs a look.
        self.gate = gate = gate or Gate.alone()
        # The hot path reads and moves on the time of the newest event without a property in between.
        self._words, self._event_at = gate.words, gate.event_at
        self._doubted_ms = NEVER_MS
        self._ended = False
        #: Closed bars that cannot be put yet, by open time, each with the time at which it was told.
        self._kept: dict[int, tuple[Kline, int]] = {}
        self._early: list[Kline] = []
        self._early_word_ms = inf
        self._ahead: Kline | None = None

    @property
    def event_ms(self) -> int:
        """When the exchange sent the newest event, whoever took it."""
        return self.gate.event_ms

    def forget_future(self, now_ms: int) -> None:
        """The exchange's clock was set back: what events said of later times does not hold."""
        self.gate.event_ms = min(self.gate.event_ms, now_ms)

    def end(self) -> None:
        """Nothing is written any more by others than `take` and `fill`."""
        self._ended = True
        self.gate.shut()

    def _set_gate(self) -> None:
        if self.phase is _LIVE and self.next_ms > 0 and not self._ended:
            self.gate.expected_ms = self.next_ms
        else:
            self.gate.shut()

    # --- live events ------------------------------------------------------------------------------------------------

    def take(self, event: KlineEvent) -> None:
        """One event of the stream. This is the hot path: no allocation but the bar, no call that is not needed."""
        event_ms = event.event_ms
        values = _as_tuple(event.kline)
        opened, open_, high, low, close, volume, quote, trades, taker, taker_quote, closed = values
        # Comparisons with NaN are false, so this refuses it too.
        if not (
            0.0 < low <= open_ <= high < inf
            and low <= close <= high
            and 0.0 <= volume < inf
            and 0.0 <= quote < inf
            and 0.0 <= trades < inf
            and 0.0 <= taker < inf
            and 0.0 <= taker_quote < inf
            and 0 < opened <= event_ms + SKEW_MS
            and event_ms <= self._tally.horizon_ms
            and not opened % self.length_ms
        ):
            self._tally.invalid += 1
            return
        kline = _new(Kline, values[:10])
        words = self._words
        if closed:
            self._take_closed(kline, event_ms)
            self._set_gate()
        elif event_ms < words[self._event_at] or opened < self.next_ms:
            self._tally.out_of_order += 1
        else:
            words[self._event_at] = event_ms
            if opened == self.next_ms and self.phase is _LIVE:
                self._tally.forming += 1
                self._put_forming(self._symbol, self._interval, kline)
            else:
                # Its predecessor has not closed yet: a series never shows a bar with a hole before it.
                self._ahead = kline

    def _take_closed(self, kline: Kline, event_ms: int) -> None:
        # A closed bar stays, so all of it is looked at. And it must be over.
        if check_kline(kline, self.length_ms) or kline.open_time + self.length_ms > event_ms + SKEW_MS:
            self._tally.invalid += 1
            return
        self.gate.event_ms = max(self.gate.event_ms, event_ms)
        if self.phase is Phase.EMPTY:
            self._keep(kline, event_ms)
        elif kline.open_time > self.next_ms and self.next_ms != NEVER_MS:
            self._tally.gaps += self.phase is Phase.LIVE
            self.phase = Phase.REPAIRING
            self._keep(kline, event_ms)
        else:
            self._put(kline, event_ms)
            if self._kept:
                # It may have been the missing one, only late.
                self._drain()
            else:
                self._put_ahead()

    def _keep(self, kline: Kline, event_ms: int) -> None:
        if len(self._kept) >= KEPT_MAX:
            self._kept.clear()
        held = self._kept.get(kline.open_time)
        if held is None or event_ms >= held[1]:
            self._kept[kline.open_time] = kline, event_ms

    def _put(self, kline: Kline, word_ms: int) -> None:
        if self._closes.put(kline, word_ms):
            self._settle(kline.open_time)

    def _settle(self, opened: int) -> None:
        self.next_ms = max(self.next_ms, opened + self.length_ms)

    def _put_ahead(self) -> None:
        ahead = self._ahead
        if ahead is not None and ahead.open_time <= self.next_ms:
            self._ahead = None
            if ahead.open_time == self.next_ms:
                self._tally.forming += 1
                self._put_forming(self._symbol, self._interval, ahead)

    # --- what is missing --------------------------------------------------------------------------------------------

    @property
    def is_joined(self) -> bool:
        """Whether the first history is there."""
        return self.phase is not Phase.EMPTY

    @property
    def is_open(self) -> bool:
        """Whether something is missing or contested that no clock tells of."""
        return self.phase is not _LIVE or bool(self._closes.contested)

    @property
    def has_bars(self) -> bool:
        """Whether there is any closed bar."""
        return self._closes.last_ms != NEVER_MS

    @property
    def last_closed_ms(self) -> int:
        """Open time of the newest closed bar, or NEVER_MS."""
        return self._closes.last_ms

    @property
    def settled_ms(self) -> int:
        """Open time of the last bar about which nothing is left to learn; negative before there is one."""
        return self.next_ms - self.length_ms if self.next_ms != NEVER_MS else NEVER_MS

    def gap(self) -> Ask | None:
        """The bars between what is settled and the first that was kept; None when nothing is kept."""
        if self.phase is not Phase.REPAIRING or not self._kept:
            return None
        first_ms = min(self._kept)
        return Ask(self.next_ms, first_ms - self.length_ms)

    def missing_until(self, overdue_ms: int) -> Ask | None:
        """The bars after what is settled, up to the one that is overdue."""
        if not self.is_joined or self.next_ms == NEVER_MS or overdue_ms < self.next_ms:
            return None
        return Ask(self.next_ms, overdue_ms)

    def before(self, from_ms: int) -> Ask | None:
        """The bars from `from_ms` that lie before the first that is there."""
        if not self.is_joined or from_ms >= self.covered_from_ms:
            return None
        if not self.has_bars:
            return Ask(from_ms, self.covered_from_ms - self.length_ms, older=True, from_ms=from_ms)
        until_ms = self._closes.first_ms - self.length_ms
        return Ask(from_ms, until_ms, older=True, from_ms=from_ms, closed_ms=until_ms)

    def contested(self) -> Ask | None:
        """A bar of which two different things were told."""
        if not self._closes.contested:
            return None
        opened = self._closes.contested[0]
        return Ask(opened, opened, check=True, contradictions=self._closes.contradictions)

    def open_bar(self) -> Ask | None:
        """The bar that is open now, to see whether the exchange knows more of it than was told."""
        return Ask(self.next_ms, self.next_ms, probe=True) if self.next_ms != NEVER_MS else None

    # --- history ----------------------------------------------------------------------------------------------------

    def start_without_history(self) -> None:
        """Begin with the first close that comes."""
        self.phase = Phase.LIVE
        self._drain()
        self._set_gate()

    def fill(self, ask: Ask, rows: Sequence[Kline], sure_ms: float, *, full: bool) -> Ask | None:
        """Take in one page that answers `ask`: what the exchange has from `ask.start_ms` on, as far as one page goes.

        Its last row may still be open; it counts as closed if it closed by `sure_ms`, an instant that had passed when the
        page was asked for. `full` says that the page holds as many rows as it can, so that others may follow it. Returns
        what is left to ask for, or None.
        """
        page = pages.read(rows, ask, self.length_ms, sure_ms, self._tally.latest_ms)
        self._tally.invalid += page.invalid
        rest = pages.rest_of(ask, page.closed, self.length_ms) if full else self._rest_of_short(ask, page, sure_ms)
        if ask.older:
            self._fill_older(ask, page.closed, rest, sure_ms)
        elif ask.first:
            self._fill_first(ask, page.closed, rest, sure_ms)
        elif ask.check:
            self._fill_check(ask, page)
        else:
            self._fill_gap(ask, page, sure_ms)
        if self.is_joined and rest is None and not (ask.older or ask.check):
            self._drain()
            self._offer(page.forming)
        self._set_gate()
        return rest

    def _rest_of_short(self, ask: Ask, page: pages.Page, sure_ms: float) -> Ask | None:
        """History that ends before it should is believed when the next reply says so too."""
        if not (ask.first or ask.older):
            return None
        end_ms = newest_closed_ms(int(sure_ms), self.length_ms) if ask.first else ask.until_ms
        start_ms = max(ask.start_ms, page.closed[-1].open_time + self.length_ms if page.closed else 0)
        return None if start_ms > end_ms or self._is_believed(start_ms) else ask._replace(start_ms=start_ms)

    def _fill_first(self, ask: Ask, closed: list[Kline], rest: Ask | None, sure_ms: float) -> None:
        if self.is_joined:
            return
        self._early = merge(self._early, closed) if self._early else closed
        self._early_word_ms = min(self._early_word_ms, sure_ms)
        if rest is not None:
            return
        rows, self._early = self._early, []
        self.phase = Phase.LIVE
        self.covered_from_ms = ask.from_ms
        if rows:
            self._begin(rows, int(self._early_word_ms), self.since_ms)
        elif not self._kept:
            self._settle(newest_closed_ms(int(sure_ms), self.length_ms))

    def _begin(self, rows: list[Kline], word_ms: int, since_ms: float) -> None:
        self._closes.put_first(self._with_kept(rows, word_ms), word_ms, since_ms)
        self._settle(rows[-1].open_time)

    def _with_kept(self, rows: Sequence[Kline], word_ms: float) -> list[Kline]:
        """The rows, but those of which a live event told later."""
        if not self._kept:
            return list(rows)
        found = []
        for row in rows:
            kept, told_ms = self._kept.get(row.open_time, (row, 0))
            if kept != row:
                self._closes.contest(row.open_time)
            found.append(kept if told_ms >= word_ms else row)
        return found

    def _fill_check(self, ask: Ask, page: pages.Page) -> None:
        row = next((row for row in page.closed if row.open_time == ask.start_ms), None)
        is_outdated = ask.contradictions != self._closes.contradictions
        # A reply that ends before the bar says nothing of it.
        if not is_outdated and (row is not None or page.newest_ms > ask.start_ms):
            self._closes.judge(ask.start_ms, row)

    def _fill_older(self, ask: Ask, closed: list[Kline], rest: Ask | None, sure_ms: float) -> None:
        rows = [row for row in closed if row.open_time <= ask.until_ms]
        if rows and self.has_bars:
            self._closes.put_older(rows)
        elif rows:
            self._begin(rows, int(sure_ms), inf)
        if rest is None:
            self.covered_from_ms = min(self.covered_from_ms, ask.from_ms)

    def _fill_gap(self, ask: Ask, page: pages.Page, sure_ms: float) -> None:
        fresh = [row for row in page.closed if row.open_time >= self.next_ms]
        run = self._without_doubt(self._with_kept(fresh, sure_ms))
        if run:
            self._tally.repaired += len(run)
            self._closes.put_run(run, int(sure_ms))
            self._settle(run[-1].open_time)
        # What lies before a row that is there, be it the open one, does not exist at the exchange.
        end_ms = min(page.newest_ms, ask.until_ms + self.length_ms)
        if len(run) == len(fresh) and self.next_ms < end_ms and self._is_believed(self.next_ms):
            self._tally.holes += (end_ms - self.next_ms) // self.length_ms
            self._settle(end_ms - self.length_ms)

    def _without_doubt(self, fresh: list[Kline]) -> list[Kline]:
        """The rows up to the first that skips bars; all of them when it was known before that those do not exist."""
        expected_ms = self.next_ms
        for count, row in enumerate(fresh):
            if row.open_time != expected_ms:
                if not self._is_believed(expected_ms):
                    return fresh[:count]
                self._tally.holes += (row.open_time - expected_ms) // self.length_ms
                return fresh
            expected_ms += self.length_ms
        return fresh

    def _is_believed(self, missing_ms: int) -> bool:
        """Whether a reply before this one already lacked that bar; if not, remember it for the next."""
        if self._doubted_ms == missing_ms:
            return True
        self._doubted_ms = missing_ms
        return False

    def _drain(self) -> None:
        """Put what was kept as far as it follows; the series is live again when all of it did."""
        for opened in sorted(self._kept):
            if opened > self.next_ms and self.next_ms != NEVER_MS:
                self.phase = Phase.REPAIRING
                return
            self._put(*self._kept.pop(opened))
        self.phase = Phase.LIVE
        self._put_ahead()

    def _offer(self, forming: Kline | None) -> None:
        """An open row of history is worth keeping when it tells of more than the events did."""
        if forming is not None and self.knows_less(forming):
            self._ahead = forming
            if self.phase is Phase.LIVE:
                self._put_ahead()

    def is_behind(self, rows: Sequence[Kline]) -> bool:
        """Whether one of these rows of the exchange tells of more than was told here."""
        latest_ms = self._tally.latest_ms
        return any(self.knows_less(row) for row in rows if row.open_time <= latest_ms and not check_kline(row, self.length_ms))

    def knows_less(self, row: Kline) -> bool:
        """Whether a row of the exchange tells of more trades in the open bar, or of a later bar, than was told before."""
        held = self._ahead or self._writer.forming(self._symbol, self._interval)
        return row.open_time >= self.next_ms and (held is None or (row.open_time, row.trades) > (held.open_time, held.trades))
