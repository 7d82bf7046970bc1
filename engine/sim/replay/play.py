"""A replay put together: what `engine.sim.server` needs to serve a recording instead of a market of its own."""

import logging
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from engine.sim.clock import SimulatedClock
from engine.sim.market import Market
from engine.sim.replay.knowledge import learn
from engine.sim.replay.market import ReplayMarket, ReplayTape
from engine.sim.replay.publisher import Due, ReplayPublisher, due_frames
from engine.sim.replay.source import Source
from engine.sim.revisions import Revisions
from engine.sim.tape import Tape

log = logging.getLogger(__name__)


class Replay:
    """One recording, read; raises RecordingError when it is none. Times are the exchange's, in ms."""

    def __init__(self, path: str | Path) -> None:
        self._source = Source(path)
        log.info("reading the recording %s", self._source.path)
        self._knowledge = learn(self._source)
        self.market = ReplayMarket(self._knowledge)
        self.start_ms = int(self._knowledge.first_ms)
        #: How fast the exchange's clock ran: 1, unless it was a simulator's.
        self.rate = next(iter(self._knowledge.lines.values())).rate
        log.info(
            "recording of %d frames, %d of them unreadable, and %d series",
            *(self._knowledge.frames, self._knowledge.unreadable, len(self._knowledge.closed)),
        )

    def tape(self, market: Market, revisions: Revisions) -> ReplayTape:
        """What can be seen of it at an instant; `market` is ours, perhaps altered."""
        return ReplayTape(market, self.market, self._knowledge.open_bars, revisions)

    def publisher(self, tape: Tape, clock: SimulatedClock) -> ReplayPublisher:
        """Plays the frames by that clock; `tape` is one of ours."""
        assert isinstance(tape, ReplayTape)

        def frames() -> Iterator[Due]:
            return due_frames(self._source, self._knowledge.lines, clock.start_ms)

        return ReplayPublisher(tape, clock, frames)

    def told(self, clock: SimulatedClock) -> Callable[[str, Sequence[tuple[str, str]]], bytes | None]:
        """Replies about symbols and tickers word for word: by path and parameters the last one until now, else the first."""
        replies = self._knowledge.replies

        def find(path: str, pairs: Sequence[tuple[str, str]]) -> bytes | None:
            known = replies.get((path, tuple(sorted(pairs))))
            if known is None:
                return None
            place = bisect_right(known, float(clock.now_ms()), key=lambda one: one[0])
            return known[max(0, place - 1)][1]

        return find
