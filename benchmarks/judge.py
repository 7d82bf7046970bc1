"""Says whether a feed lies: holds its shared memory and its announcements against the truth of the simulator, bar by bar."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.processes import Exchange, FeedProcess
from benchmarks.truth import Story, differing, lies
from engine.base.types import INTERVAL_MS, Kline
from engine.candles.bars import window_start_ms
from engine.sim import bars
from engine.sim.synthetic import SyntheticMarket

#: More real time than the grace before a close that stays out is asked for; until then a live series may lack it.
SLACK_MS = 1_500.0
ATTEMPTS_MAX, FRAMES_MAX, FRAME_BYTES_MAX = 300, 4, 4_096


class Judge:
    """Watches one feed from its first wish on; `verdict` is empty when nothing is wrong."""

    def __init__(
        self,
        exchange: Exchange,
        feed: FeedProcess,
        *,
        history_bars: int = 1_000,
        close_grace_ms: float = 5_000,
        market: SyntheticMarket | None = None,
    ) -> None:
        """`market` is the simulator's own, as it was before anything in it was changed."""
        self.exchange = exchange
        self.feed = feed
        self._history_bars = history_bars
        self._grace_ms = close_grace_ms
        self._market = market
        #: Changes of closed bars that could not be heard, as of the last verdict.
        self.unheard = 0
        #: What is wished for.
        self.symbols: Sequence[str] = ()
        self._from_ms: dict[str, int] = {}
        self._joined_ms: dict[str, int] = {}

    def require(self, symbols: Sequence[str], intervals: Sequence[str], within_s: float = 90.0) -> None:
        """Let the feed wish for these and wait until their history is there."""
        now_ms = self.feed.require(symbols, intervals)
        joined_ms = self.feed.wait("history", within_s)["now_ms"]
        self.symbols = symbols
        for interval in intervals:
            self._from_ms.setdefault(interval, window_start_ms(now_ms, INTERVAL_MS[interval], self._history_bars))
            self._joined_ms.setdefault(interval, joined_ms)

    def stories(self) -> list[Story]:
        """Every wished series beside its truth, as of now."""
        report = self.feed.ask("report")
        complete_ms = int(report["now_ms"] - (self._grace_ms + SLACK_MS) * report["rate"])
        held, told = self.feed.held(), self.feed.ask("told")["told"]
        stories = []
        for symbol in self.symbols:
            for interval, from_ms in self._from_ms.items():
                rows, name = held.get((symbol, interval), []), f"{symbol} {interval}"
                truth = self.exchange.truth(symbol, interval, from_ms)
                moments = (from_ms, self._joined_ms[interval], complete_ms)
                stories.append(Story(name, INTERVAL_MS[interval], rows, truth, told.get(name, []), *moments))
        return stories

    def verdict(self) -> list[str]:
        """Every lie about bars, and every breach of the exchange's rules."""
        stories = [self._excused(story) for story in self.stories()]
        self.unheard = sum(len(story.unheard) for story in stories)
        return [lie for story in stories for lie in lies(story)] + breaches(self.exchange.audit())

    def _excused(self, story: Story) -> Story:
        """With those bars that the exchange changed afterwards without the feed being able to know.

        Held is what the exchange said of the bar before, and no event that reached the feed says what it says now.
        """
        opens_ms = differing(story)
        if not opens_ms or self._market is None:
            return story
        symbol, _, interval = story.name.partition(" ")
        heard = [Kline(*row) for row in self.feed.ask("heard", series=[(symbol, interval)])["heard"][0]]
        held, truth = ({row.open_time: row for row in rows} for rows in (story.held, story.truth))
        unheard = []
        for opened in opens_ms:
            found = self._market.closed(symbol, story.length_ms, opened, opened + 1)
            was_true = _same(held[opened], bars.klines(found)[0]) or held[opened] in heard
            if was_true and truth[opened] not in heard:
                unheard.append(opened)
        return story._replace(unheard=unheard)


def _same(row: Kline, other: Kline) -> bool:
    """Whether two rows are one bar; quote volumes travel with fewer digits than a market reckons with."""
    return all(math.isclose(one, two, rel_tol=1e-9, abs_tol=1e-7) for one, two in zip(row, other, strict=True))


def breaches(audit: Mapping[str, Any]) -> list[str]:
    """What a client did that may get its address blocked."""
    control = audit["control_frames"]
    counts = {
        f"attempts to connect within 5 minutes, of {ATTEMPTS_MAX} at most": (
            audit["connections"]["attempts_peak_5m"],
            ATTEMPTS_MAX - 1,
        ),
        "control frames within a second": (control["peak_1s"], FRAMES_MAX + 1),
        "bytes in a control frame": (control["largest_bytes"], FRAME_BYTES_MAX - 1),
        "requests within a pause that was asked for": (audit["requests"]["in_pause"], 0),
    }
    return [f"{count} {what}" for what, (count, most) in counts.items() if count > most]
