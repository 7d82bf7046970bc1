"""A feed with its candles as a process of its own, led by lines on stdin: what is measured and what is held against the truth.

The parts are those of the engine's supervisor, put together as it does, without database, workers and schedule. One line of
JSON asks, one line answers. Besides, it notes when each frame was written and which bars were announced, which costs about a
microsecond a frame and counts against the feed. Candles are looked at from outside, through the descriptor that it names.
"""

import asyncio
import contextlib
import json
import logging
import sys
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from engine.base.clock import ExchangeClock
from engine.base.settings import Settings
from engine.binance.messages import Message, decode_kline_frame
from engine.binance.streams import kline_stream
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.feeds import feed as feed_room
from engine.feeds.feed import Feed
from engine.feeds.intake import Intake

#: Time between two looks at what is waited for.
LOOK_S = 0.005
_EVENT_TIME = b'"E":'
_DIGITS = 13
_CLOSED = b'"x":true'


class NotingIntake(Intake):
    """The engine's own, and beside it when each frame was dealt with."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        #: Event times of kline frames, and the monotonic seconds at which each had been dealt with.
        self.event_ms = array("q")
        self.done_s = array("d")
        #: Frames that say that a bar closed, as they came.
        self.closes: list[bytes] = []

    def take(self, payload: bytes) -> Message | None:
        other = super().take(payload)
        if other is None:
            start = payload.find(_EVENT_TIME) + len(_EVENT_TIME)
            digits = payload[start : start + _DIGITS]
            if digits.isdigit():
                self.event_ms.append(int(digits))
                self.done_s.append(time.monotonic())
            if _CLOSED in payload:
                self.closes.append(payload)
        return other

    def forget(self) -> None:
        """Begin to note anew."""
        self.event_ms, self.done_s = array("q"), array("d")


class FeedProgram:
    """One feed and the answers about it."""

    def __init__(self, settings: Settings, rings: tuple[int, int, int]) -> None:
        self.segment = Segment.create(*rings)
        self._writer = Writer(self.segment)
        self._clock = ExchangeClock()
        self._told: dict[str, list[int]] = defaultdict(list)
        self._told_count = 0
        self._last_told_s = 0.0
        self._wish: list[tuple[str, str]] = []
        self._intakes: list[NotingIntake] = []
        feed_room.Intake = self._intake  # type: ignore[misc,assignment]
        self._feed = Feed(settings, self._writer, self._clock, self._closed)

    def _intake(self, *arguments: Any, **named: Any) -> NotingIntake:
        made = NotingIntake(*arguments, **named)
        self._intakes.append(made)
        return made

    def _closed(self, symbol: int, interval: int, open_ms: int) -> None:
        assert self._writer.bar(symbol, interval, open_ms) is not None, "announced before it was there"
        self._told[f"{self._writer.symbols[symbol]} {self._writer.intervals[interval]}"].append(open_ms)
        self._told_count += 1
        self._last_told_s = time.monotonic()

    async def run(self) -> None:
        """Answer until stdin ends."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=1 << 24)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        await self._feed.start()
        _say({"fd": self.segment.fd})
        try:
            while line := await reader.readline():
                asked = json.loads(line)
                _say(await getattr(self, f"do_{asked.pop('do')}")(**asked))
        finally:
            await self._feed.close()

    async def do_universe(self) -> dict[str, Any]:
        """Names of the symbols that the settings ask for."""
        return {"symbols": await self._feed.resolve_universe()}

    async def do_require(self, symbols: list[str], intervals: list[str]) -> dict[str, Any]:
        """Wish for all these intervals of all these symbols."""
        self._wish = [(symbol, interval) for symbol in symbols for interval in intervals]
        await self._feed.require({symbol: set(intervals) for symbol in symbols})
        return {"now_ms": self._clock.now_ms()}

    async def do_wait(self, what: str, within_s: float, count: int = 0) -> dict[str, Any]:
        """Until all series are there (`history`), complete and live (`live`), or `count` bars announced in all (`closes`).

        Tells after how long, or that it was not.
        """
        begun_s = time.monotonic()
        conditions = {"history": self._has_history, "live": self._is_live, "closes": lambda: self._told_count >= count}
        done: Callable[[], bool] = conditions[what]
        # What is waited for is asked of the feed, which tells of no such event.
        while not done() and time.monotonic() - begun_s < within_s:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)
        return {"done": done(), "took_s": time.monotonic() - begun_s, **await self.do_report()}

    def _has_history(self) -> bool:
        return all(self._feed.ready(*series) for series in self._wish)

    def _is_live(self) -> bool:
        states = self._feed.states()
        return self._has_history() and states["live"] == sum(states.values())

    async def do_report(self) -> dict[str, Any]:
        """How it is: states, counters, the exchange's clock, problems."""
        return {
            "states": self._feed.states(),
            "stats": self._feed.stats,
            "now_ms": self._clock.now_ms(),
            "rate": self._clock.rate,
            "problem": self._feed.problem,
            "told": self._told_count,
            "last_told_s": self._last_told_s,
        }

    async def do_forget(self) -> dict[str, Any]:
        """Begin to note frames anew."""
        for intake in self._intakes:
            intake.forget()
        return {}

    async def do_frames(self, exchange_ms: float, monotonic_s: float, rate: float) -> dict[str, Any]:
        """Quantiles of how long after its event time each frame was in the candles, in real ms.

        The three numbers say what the exchange's clock showed when, and how fast it runs.
        """
        late_ms = sorted(
            (done_s - monotonic_s) * 1e3 - (event_ms - exchange_ms) / rate
            for intake in self._intakes
            for event_ms, done_s in zip(intake.event_ms, intake.done_s, strict=True)
        )
        found: dict[str, Any] = {"frames": len(late_ms)}
        if late_ms:
            places = {"p50_ms": 0.5, "p99_ms": 0.99, "p999_ms": 0.999}
            found |= {name: late_ms[min(len(late_ms) - 1, int(len(late_ms) * share))] for name, share in places.items()}
            found["most_ms"] = late_ms[-1]
        return found

    async def do_heard(self, series: list[tuple[str, str]]) -> dict[str, Any]:
        """All closed bars of these series that events told of, in the order in which they came."""
        wanted = {kline_stream(*one): number for number, one in enumerate(series)}
        found: list[list[Sequence[float]]] = [[] for _ in series]
        for payload in (payload for intake in self._intakes for payload in intake.closes):
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
                frame = decode_kline_frame(payload)
                if frame.stream in wanted:
                    found[wanted[frame.stream]].append(msgspec.structs.astuple(frame.data.kline)[:10])
        return {"heard": found}

    async def do_told(self) -> dict[str, Any]:
        """Open times of the bars that were announced, in the order in which they were, by series."""
        return {"told": self._told}


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    """`python -m benchmarks.feed_program SETTINGS RINGS`: settings as JSON; symbols, intervals and bars of the segment."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = msgspec.json.decode(sys.argv[1], type=Settings)
    symbols, intervals, bars = json.loads(sys.argv[2])

    async def run() -> None:
        await FeedProgram(settings, (symbols, intervals, bars)).run()

    asyncio.run(run())


if __name__ == "__main__":
    main()
