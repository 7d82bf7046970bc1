"""Says whether a feed lies: holds its shared memory and its announcements against the truth of the simulator, bar by bar."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.processes import Exchange, FeedProcess
from benchmarks.truth import Story, lies
from engine.base.types import INTERVAL_MS
from engine.candles.bars import window_start_ms

#: More real time than the grace before a close that stays out is asked for; until then a live series may lack it.
SLACK_MS = 1_500.0
ATTEMPTS_MAX, FRAMES_MAX, FRAME_BYTES_MAX = 300, 4, 4_096


class Judge:
    """Watches one feed from its first wish on; `verdict` is empty when nothing is wrong."""

    def __init__(self, exchange: Exchange, feed: FeedProcess, history_bars: int = 1_000, close_grace_ms: float = 5_000) -> None:
        self.exchange = exchange
        self.feed = feed
        self._history_bars = history_bars
        self._grace_ms = close_grace_ms
        self._symbols: Sequence[str] = ()
        self._from_ms: dict[str, int] = {}
        self._joined_ms: dict[str, int] = {}

    def require(self, symbols: Sequence[str], intervals: Sequence[str], within_s: float = 90.0) -> None:
        """Let the feed wish for these and wait until their history is there."""
        now_ms = self.feed.require(symbols, intervals)
        joined_ms = self.feed.wait("history", within_s)["now_ms"]
        self._symbols = symbols
        for interval in intervals:
            self._from_ms.setdefault(interval, window_start_ms(now_ms, INTERVAL_MS[interval], self._history_bars))
            self._joined_ms.setdefault(interval, joined_ms)

    def stories(self) -> list[Story]:
        """Every wished series beside its truth, as of now."""
        report = self.feed.ask("report")
        complete_ms = int(report["now_ms"] - (self._grace_ms + SLACK_MS) * report["rate"])
        held, told = self.feed.held(), self.feed.ask("told")["told"]
        stories = []
        for symbol in self._symbols:
            for interval, from_ms in self._from_ms.items():
                rows, name = held.get((symbol, interval), []), f"{symbol} {interval}"
                truth = self.exchange.truth(symbol, interval, from_ms)
                moments = (from_ms, self._joined_ms[interval], complete_ms)
                stories.append(Story(name, INTERVAL_MS[interval], rows, truth, told.get(name, []), *moments))
        return stories

    def verdict(self) -> list[str]:
        """Every lie about bars, and every breach of the exchange's rules."""
        return [lie for story in self.stories() for lie in lies(story)] + breaches(self.exchange.audit())


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
