"""Real captures through the whole intake: every line is a bar that is stored, or named as what it is."""

from collections import Counter
from pathlib import Path

import pytest

from engine.base.types import INTERVAL_MS
from engine.binance import messages
from engine.binance.messages import Foreign, KlineFrame
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.feeds.asks import Tally
from engine.feeds.intake import Intake
from engine.feeds.join import Series
from tests.data import CAPTURES

#: Lines by kind in each capture, counted in their text.
LINES = {
    "spot-2021-04-17.ws": {"kline_1m": 20, "depth@100ms": 614, "bookTicker": 570, "aggTrade": 24},
    "spot-2021-08-14.ws": {"kline_1m": 17, "depth@100ms": 546, "bookTicker": 412, "aggTrade": 28},
    "tr-2023-04-10.ws": {"kline_1m": 8, "depth@100ms": 84, "bookTicker": 47},
}


def frames_of(path: Path) -> list[bytes]:
    """The messages of one capture, as received."""
    return [line.partition(b": ")[2] for line in path.read_bytes().splitlines()[1:] if line]


@pytest.mark.parametrize("name", LINES)
def test_every_line_is_decoded_and_named_as_what_it_is(name: str) -> None:
    found = [messages.decode(frame) for frame in frames_of(CAPTURES / name)]

    assert all(isinstance(one, KlineFrame | Foreign) for one in found)
    named = [one for one in found if isinstance(one, KlineFrame | Foreign)]
    assert Counter(one.stream.partition("@")[2] for one in named) == LINES[name]
    assert all(isinstance(one, KlineFrame) == ("kline" in one.stream) for one in named)


@pytest.mark.parametrize("name", LINES)
def test_every_bar_of_a_capture_is_stored_as_it_was_told_last(name: str) -> None:
    # Given a series for every kline stream, without history
    frames = frames_of(CAPTURES / name)
    bars = [frame for frame in map(messages.decode, frames) if isinstance(frame, KlineFrame)]
    streams = list(dict.fromkeys(frame.stream for frame in bars))
    segment = Segment.create(32, 1, 64)
    try:
        writer, tally, intake = Writer(segment), Tally(), Intake()
        told: list[tuple[int, int]] = []

        def announce(symbol: int, _interval: int, open_ms: int) -> None:
            told.append((symbol, open_ms))

        for stream in streams:
            symbol, _, interval = stream.partition("@kline_")
            numbers = writer.add_symbol(symbol.upper()), writer.add_interval(interval)
            series = Series(writer, *numbers, INTERVAL_MS[interval], announce, tally)
            series.start_without_history()
            intake.streams[stream] = series.take

        # When every line passes, those of other streams too
        others = [other for other in map(intake.take, frames) if other is not None]

        # Then nothing was refused or lost
        closed = [frame for frame in bars if frame.data.kline.closed]
        assert all(isinstance(other, Foreign) for other in others)
        assert len(others) == len(frames) - len(bars)
        assert (intake.frames, intake.malformed, intake.unwanted) == (len(frames), 0, 0)
        assert (tally.invalid, tally.gaps, tally.duplicates, tally.late, tally.revised) == (0, 0, 0, 0, 0)
        assert tally.closed == len(closed)
        assert told == [(streams.index(frame.stream), frame.data.kline.open_time) for frame in closed]
        for frame in closed:
            stored = writer.bar(streams.index(frame.stream), 0, frame.data.kline.open_time)
            assert stored is not None
            told_last = frame.data.kline
            assert (stored.open, stored.close, stored.trades) == (told_last.open, told_last.close, told_last.trades)
    finally:
        segment.close()
