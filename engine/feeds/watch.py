"""All series of a feed at once: which need something now, how each is, and since when. Pure; time and chance are passed in.

A look goes over everything a few times a second, so it asks columns of numbers which series want attention, and only those are
looked at one by one: a close is overdue, bars are missing, a question is out, the stream is gone or silent for too long. What
a single series needs is decided by its slot (`needs`), what counts as silence by `silence`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.base.types import Kline
from engine.feeds.asks import NEVER_MS, Ask, Phase
from engine.feeds.freshness import State
from engine.feeds.needs import Now, Slot, ahead_of
from engine.feeds.pace import STILL
from engine.feeds.silence import CONFIRM_S, Questions, Silence

#: Questions because of silence over all series: 4 a second at weight 2 are 8 % of the exchange's 6,000 a minute.
QUESTIONS_PER_S = 4.0
QUESTIONS_BURST = 8.0

Numbers = npt.NDArray[np.int64]


class Look(NamedTuple):
    """What one look found to do."""

    asks: list[tuple[Slot, Ask]]
    #: Streams that are silent although the exchange trades: subscribe them again.
    lost: list[str]
    #: When the exchange sent the newest event of all.
    newest_event_ms: int


class Watch:
    """The slots of a feed; a close that stays out longer than `grace_ms` (real time) is overdue."""

    def __init__(self, grace_ms: float) -> None:
        self._grace_ms = grace_ms
        self._slots: list[Slot] = []
        self._by_key: dict[tuple[str, str], Slot] = {}
        self._by_stream: dict[str, Slot] = {}
        self._lengths_ms: Numbers = np.empty(0, np.int64)
        self._events_ms: Numbers = np.empty(0, np.int64)
        #: Whether a look has to go through the slot although no number says so.
        self._open: npt.NDArray[np.bool_] = np.empty(0, np.bool_)
        self.silence = Silence()
        self._questions = Questions(QUESTIONS_PER_S, QUESTIONS_BURST)
        self._counts: Counter[State] = Counter()
        #: Questions asked because of silence, and streams found lost by them.
        self.asked = 0
        self.found_lost = 0

    # --- slots ------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def slots(self) -> Sequence[Slot]:
        """All of them, in the order in which they came."""
        return self._slots

    @property
    def streams(self) -> list[str]:
        """Names of all streams, in that order."""
        return list(self._by_stream)

    def slot(self, symbol: str, interval: str) -> Slot | None:
        """The slot of a series, if it is watched."""
        return self._by_key.get((symbol, interval))

    def of_stream(self, name: str) -> Slot | None:
        """The slot that a stream belongs to."""
        return self._by_stream.get(name)

    def add(self, slots: Sequence[Slot], now: Now) -> None:
        """Watch these too."""
        for slot in slots:
            slot.position, slot.shown, slot.since_ms = len(self._slots), State.NO_DATA, now.exchange_ms
            self._slots.append(slot)
            self._by_key[slot.symbol, slot.interval] = self._by_stream[slot.stream] = slot
        self._counts[State.NO_DATA] += len(slots)
        self._lengths_ms = np.append(self._lengths_ms, np.array([slot.series.length_ms for slot in slots], np.int64))
        self._events_ms = np.append(self._events_ms, np.zeros(len(slots), np.int64))
        self._open = np.append(self._open, np.ones(len(slots), np.bool_))
        self.silence.add(len(slots), now.monotonic_s)

    def remove(self, slots: Sequence[Slot]) -> None:
        """Watch these no more."""
        positions = [slot.position for slot in slots]
        for slot in slots:
            slot.released = True
            del self._by_key[slot.symbol, slot.interval], self._by_stream[slot.stream]
            self._counts[slot.shown] -= 1
        gone = set(positions)
        self._slots = [slot for place, slot in enumerate(self._slots) if place not in gone]
        for place, slot in enumerate(self._slots):
            slot.position = place
        self._lengths_ms = np.delete(self._lengths_ms, positions)
        self._events_ms = np.delete(self._events_ms, positions)
        self._open = np.delete(self._open, positions)
        self.silence.remove(positions)

    def attend(self, slot: Slot) -> None:
        """Go through this slot at the next look: something was changed about it."""
        self._open[slot.position] = True

    # --- streams come and go ----------------------------------------------------------------------------------------

    def subscribed(self, names: Iterable[str], now: Now) -> None:
        """The exchange confirmed these streams."""
        for slot in self._known(names):
            slot.subscribed_at(now)
            self.silence.restart(slot.position, now.monotonic_s, doubted=slot.is_deaf)
            self.attend(slot)

    def lost(self, names: Iterable[str], now: Now) -> None:
        """These streams went with their connection."""
        for slot in self._known(names):
            slot.lost_at(now)
            self._show(slot, now)
            self.attend(slot)

    def _known(self, names: Iterable[str]) -> list[Slot]:
        found = (self._by_stream.get(name) for name in names)
        return [slot for slot in found if slot is not None]

    # --- a look at everything ---------------------------------------------------------------------------------------

    def look(self, now: Now, *, may_ask: bool = True) -> Look:
        """Find what is to be done now; `may_ask` is whether there is weight left for questions about silence."""
        if not self._slots:
            return Look([], [], 0)
        series = [slot.series for slot in self._slots]
        events_ms: Numbers = np.array([one.gate.event_ms for one in series], np.int64)
        next_ms: Numbers = np.array([one.next_ms for one in series], np.int64)
        broken = np.array([one.is_open for one in series], np.bool_)
        heard = events_ms > self._events_ms
        self._events_ms = events_ms
        self.silence.hear(heard, now.monotonic_s)
        newest_ms = int(now.exchange_ms - self._grace_ms * now.rate) // self._lengths_ms * self._lengths_ms - self._lengths_ms
        found = Look([], [], int(events_ms.max()))
        for place in np.flatnonzero((newest_ms >= next_ms) | (next_ms > ahead_of(now)) | broken | self._open):
            self._attend(self._slots[place], bool(heard[place]), now, found)
        if now.rate > STILL:
            self._question(now, found, may_ask=may_ask)
        return found

    def _attend(self, slot: Slot, heard: bool, now: Now, found: Look) -> None:
        if heard:
            slot.doubted_s, slot.is_deaf = None, False
        ask = slot.next_ask(now, self._grace_ms)
        if ask is not None:
            self._ask(slot, ask, now, found)
        if slot.doubted_s is not None and now.monotonic_s - slot.doubted_s >= CONFIRM_S:
            slot.doubted_s, slot.is_deaf = None, True
            self.silence.restart(slot.position, now.monotonic_s, doubted=True)
            self.found_lost += 1
            found.lost.append(slot.stream)
        self._show(slot, now)
        is_quiet = slot.shown is State.LIVE and slot.asking is None and slot.is_ready and not slot.series.contested()
        self._open[slot.position] = not is_quiet

    def _ask(self, slot: Slot, ask: Ask, now: Now, found: Look) -> None:
        slot.asking, slot.asked_s = ask, now.monotonic_s
        found.asks.append((slot, ask))

    def _question(self, now: Now, found: Look, *, may_ask: bool) -> None:
        """Ask about the series whose silence is the longest compared with what is usual."""
        allowed = self._questions.allowed(now.monotonic_s)
        places = [int(place) for place in np.flatnonzero(self.silence.too_long(now.monotonic_s))]
        places = [place for place in places if self._is_doubtful(self._slots[place])]
        if not places or not allowed or not may_ask:
            return
        for place in self.silence.urgency(places, now.monotonic_s)[:allowed]:
            slot = self._slots[place]
            ask = slot.series.open_bar()
            if ask is not None:
                self._ask(slot, ask, now, found)
                self.asked += 1
                self._questions.asked(1)

    @staticmethod
    def _is_doubtful(slot: Slot) -> bool:
        return slot.subscribed and slot.asking is None and slot.doubted_s is None and slot.series.phase is Phase.LIVE

    # --- replies ----------------------------------------------------------------------------------------------------

    def deliver(
        self, slot: Slot, ask: Ask, rows: Sequence[Kline], sure_ms: float, now: Now, chance: Callable[[], float], *, full: bool
    ) -> Ask | None:
        """A page came for what a slot asked; returns what is left to ask for. See Series.fill."""
        series = slot.series
        before_ms = series.settled_ms
        is_behind = ask.probe and series.is_behind(rows)
        rest = series.fill(ask, rows, sure_ms, full=full)
        slot.asking, slot.asked_s = rest, now.monotonic_s
        self.attend(slot)
        if rest is not None:
            return rest
        if ask.probe:
            self._answered(slot, is_behind, now)
        else:
            judged = ask.check and series.contested() != ask
            slot.answered(ask.first or ask.older or judged or series.settled_ms > before_ms, now.monotonic_s, chance)
            self._doubt_if_unheard(slot, before_ms, now)
        return None

    @staticmethod
    def _doubt_if_unheard(slot: Slot, before_ms: int, now: Now) -> None:
        """A bar that closed while the stream should have told of it came over REST, and the stream told of nothing since."""
        series = slot.series
        is_new = series.settled_ms > before_ms != NEVER_MS and series.next_ms > slot.lost_until_ms
        if is_new and slot.subscribed and series.event_ms < series.next_ms and slot.doubted_s is None and not slot.is_deaf:
            slot.doubted_s = now.monotonic_s

    def _answered(self, slot: Slot, is_behind: bool, now: Now) -> None:
        """The exchange told how its open bar is while the stream was silent."""
        if slot.series.event_ms > self._events_ms[slot.position]:
            return
        if is_behind:
            slot.doubted_s = now.monotonic_s
        else:
            # Nobody traded: the stream may well be whole, and what is here is all there is.
            slot.is_deaf = False
            self.silence.vain(slot.position, now.monotonic_s)

    # --- how it is --------------------------------------------------------------------------------------------------

    def _show(self, slot: Slot, now: Now) -> None:
        state = slot.state(now, self._grace_ms)
        if state is not slot.shown:
            self._counts[slot.shown] -= 1
            self._counts[state] += 1
            slot.shown, slot.since_ms = state, now.exchange_ms

    def counts(self) -> dict[str, int]:
        """How many slots are live, repairing, stale, without data, as of the last look."""
        return {state.value: self._counts[state] for state in State}
