"""Machine code that writes forming bars at full speed, and a process that reads meanwhile: no bar is ever torn."""

import json
import subprocess
import sys

from engine.base.types import MINUTE_MS, Kline
from engine.binance.streams import kline_stream
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.feeds.asks import Ask, Tally
from engine.feeds.gates import Gates
from engine.feeds.intake import Intake
from engine.feeds.join import Series
from tests.data import ROOT
from tests.frames import frame, machine_code_image
from tests.process.candles_reader import stamped

SECONDS = 6
SERIES = 2
BARS = 64
#: Different texts of one bar, used over and over.
VERSIONS = 300
#: Stamped bars begin here; their times then are as far from zero as the reader's sums allow.
FIRST = 1_000


def text(kline: Kline, event_ms: int, series: int, *, closed: bool) -> bytes:
    """The frame of a stamped bar."""
    names = ("o", "h", "l", "c", "v", "q", "n", "V", "Q")
    texts = {name: f"{value:.8f}" for name, value in zip(names, kline[1:], strict=True)}
    texts["n"] = str(int(kline.trades))
    return frame(kline.open_time, event_ms, f"S{series}USDT", closed=closed, **texts)


class Hammer:
    """Series fed through the intake alone, as live ones are."""

    def __init__(self, segment: Segment) -> None:
        writer = Writer(segment)
        self.gates = Gates(writer)
        self.intake = Intake(self.gates)
        self.intake.use(machine_code_image())
        self.tally = Tally()
        self._number = FIRST
        for series in range(SERIES):
            name, stream = f"S{series}USDT", kline_stream(f"S{series}USDT", "1m")
            numbers = writer.add_symbol(name), writer.add_interval("1m")
            gate = self.gates.gate(stream, *numbers)
            one = Series(writer, *numbers, MINUTE_MS, lambda *_: None, self.tally, gate)
            rows = [stamped(number, 0) for number in range(FIRST - BARS, FIRST)]
            first = Ask(rows[0].open_time, rows[-1].open_time, first=True, from_ms=rows[0].open_time)
            one.fill(first, rows, float(FIRST * MINUTE_MS), full=False)
            self.intake.streams[stream] = one.take

    def strike(self) -> None:
        """A bar of each series forms in many versions and closes."""
        for series in range(SERIES):
            number, closes_ms = self._number, (self._number + 1) * MINUTE_MS
            frames = [text(stamped(number, version), closes_ms - 1, series, closed=False) for version in range(VERSIONS)]
            for payload in frames * 20:
                self.intake.take(payload)
            self.intake.take(text(stamped(number, VERSIONS), closes_ms, series, closed=True))
        self._number += 1


def test_a_process_never_reads_a_torn_bar_from_machine_code_at_full_speed() -> None:
    # Given full rings and a reader at work
    segment = Segment.create(SERIES, 1, BARS)
    hammer = Hammer(segment)
    command = [sys.executable, "-m", "tests.process.candles_reader", str(segment.fd), str(SECONDS)]
    process = subprocess.Popen(
        command, cwd=ROOT, pass_fds=[segment.fd], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        # When bars form and close until it is done
        while process.poll() is None:
            hammer.strike()
        out, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
        hammer.intake.close()
        segment.close()
    # Then
    assert (process.returncode, errors) == (0, "")
    report = json.loads(out)
    assert report["faults"] == []
    # It was a hammer: nearly all was written by machine code, and some reads met a write.
    assert hammer.intake.quick > 100 * hammer.tally.closed > 0
    assert hammer.tally.forming + hammer.tally.invalid + hammer.tally.out_of_order == 0
    assert min(report["closed_reads"], report["forming_bars"], report["retries"]) > 100
