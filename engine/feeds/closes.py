"""The closed bars of one series: stored, told of once and in order, corrected when the exchange corrects them.

Pure but for the candles. The last word of the exchange wins, and which word is the last is told by when it was spoken, not by
when it arrived: a network that holds a message back must not undo a correction. As clocks may lie, a bar of which two things
were told is *contested*: the exchange is asked how it is, and that is kept. Not here: which bars are missing, and what is done
until they come (`join`).
"""

from array import array
from collections.abc import Callable, Sequence

from engine.base.types import Kline
from engine.candles.writer import Writer
from engine.feeds.asks import NEVER_MS, Tally

#: Of so many newest bars it is known when their numbers were told. Older ones are corrected only by what was sent much later
#: than their close.
WORDS = 8
#: So many bars may wait for the exchange's answer; beyond them the oldest doubt is dropped.
CONTESTED_MAX = 16

Announce = Callable[[int, int, int], None]


class Closes:
    """The bars of `symbol` and `interval` (numbers of the writer's tables); `announce` gets each new one's open time."""

    __slots__ = (
        "_announce", "_close", "_interval", "_put_closed", "_symbol", "_tally", "_words", "_writer", "announced_ms",
        "contested", "contradictions", "last_ms", "length_ms",
    )  # fmt: skip

    def __init__(self, writer: Writer, symbol: int, interval: int, length_ms: int, announce: Announce, tally: Tally) -> None:
        self._writer = writer
        self._symbol = symbol
        self._interval = interval
        self._announce = announce
        self._tally = tally
        self._put_closed = writer.put_closed
        self.length_ms = length_ms
        #: Open time of the newest bar.
        self.last_ms = NEVER_MS
        #: Open time of the newest bar that was told of, or needs not be.
        self.announced_ms = NEVER_MS
        #: Open times of bars of which two different things were told, oldest doubt first.
        self.contested: tuple[int, ...] = ()
        #: How often that has happened.
        self.contradictions = 0
        self._close = 0.0
        #: Pairs (open time, when it was told), found by open time.
        self._words = array("q", (NEVER_MS,) * (2 * WORDS))

    @property
    def first_ms(self) -> int:
        """Open time of the oldest bar that is held, or 0."""
        return self._writer.first_open_ms(self._symbol, self._interval)

    # --- single bars ------------------------------------------------------------------------------------------------

    def put(self, kline: Kline, word_ms: int) -> bool:
        """Store a bar as the exchange knew it at `word_ms`. True when it is the newest now: then it has been told of."""
        opened = kline[0]
        if opened <= self.last_ms:
            self._again(kline, word_ms)
            return False
        if self.last_ms in (NEVER_MS, opened - self.length_ms):
            self._put_closed(self._symbol, self._interval, kline)
        else:
            # After bars that do not exist: only history may skip.
            self._writer.put_history(self._symbol, self._interval, [kline])
        self._tally.closed += 1
        self._appended(kline, word_ms)
        return True

    def _appended(self, kline: Kline, word_ms: int) -> None:
        opened, close, before = kline[0], kline[4], self._close
        self.last_ms = opened
        self._close = close
        self._remember(opened, word_ms)
        if before and abs(close - before) > before * self._tally.jump_share:
            self._tally.incidents.jump(*self._names, opened, before, close)
        self.tell(opened)

    def _again(self, kline: Kline, word_ms: int) -> None:
        """A bar that is not newer than the newest."""
        opened = kline.open_time
        held = self._writer.bar(self._symbol, self._interval, opened)
        if held == kline:
            self._tally.duplicates += 1
            self._remember(opened, max(word_ms, self._word_ms(opened)))
            return
        if held is None:
            self._put_closed(self._symbol, self._interval, kline)
            self._tally.late += 1
            return
        self.contest(opened)
        if word_ms < self._word_ms(opened):
            self._tally.out_of_order += 1
        else:
            self._revise(held, kline)
            self._remember(opened, word_ms)

    def _revise(self, held: Kline, kline: Kline) -> None:
        self._put_closed(self._symbol, self._interval, kline)
        if kline.open_time == self.last_ms:
            self._close = kline.close
        self._tally.incidents.revise(*self._names, held, kline)

    def contest(self, opened: int) -> None:
        """Two different things were told of this bar."""
        self.contradictions += 1
        if opened not in self.contested:
            self.contested = (*self.contested[-CONTESTED_MAX + 1 :], opened)

    def judge(self, opened: int, kline: Kline | None) -> None:
        """The exchange was asked: the contested bar is like this, or does not exist (None: what is held stays)."""
        self.contested = tuple(other for other in self.contested if other != opened)
        held = self._writer.bar(self._symbol, self._interval, opened)
        if kline is not None and held is not None and held != kline:
            self._revise(held, kline)

    def tell(self, opened: int) -> None:
        """Announce a bar, unless that was done or need not be."""
        if opened > self.announced_ms:
            self.announced_ms = opened
            self._announce(self._symbol, self._interval, opened)

    # --- many bars --------------------------------------------------------------------------------------------------

    def put_run(self, klines: Sequence[Kline], word_ms: int) -> None:
        """Store ascending bars that are all newer than the newest; bars missing among them do not exist. Tells of each."""
        self._writer.put_history(self._symbol, self._interval, klines)
        for kline in klines:
            self._appended(kline, word_ms)

    def put_first(self, klines: Sequence[Kline], word_ms: int, since_ms: float) -> None:
        """Store the first bars of all, ascending, and tell of those that open after `since_ms`."""
        self._writer.put_history(self._symbol, self._interval, klines)
        self.last_ms, self._close = klines[-1].open_time, klines[-1].close
        for kline in klines[-WORDS:]:
            self._remember(kline.open_time, word_ms)
        self.announced_ms = int(min(since_ms, self.last_ms))
        for kline in klines:
            self.tell(kline.open_time)

    def put_older(self, klines: Sequence[Kline]) -> None:
        """Store bars before those that are held; nobody is told."""
        self._writer.put_history(self._symbol, self._interval, klines)

    # --- when a bar's numbers were told -----------------------------------------------------------------------------

    def _remember(self, opened: int, word_ms: int) -> None:
        place = opened // self.length_ms % WORDS * 2
        if self._words[place] <= opened:
            self._words[place] = opened
            self._words[place + 1] = word_ms

    def _word_ms(self, opened: int) -> int:
        """When the numbers of a stored bar were told: exactly for the newest; older ones count as told when they left those."""
        place = opened // self.length_ms % WORDS * 2
        return self._words[place + 1] if self._words[place] == opened else opened + WORDS * self.length_ms

    @property
    def _names(self) -> tuple[str, str]:
        return self._writer.symbols[self._symbol], self._writer.intervals[self._interval]
