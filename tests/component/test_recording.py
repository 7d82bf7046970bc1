"""Recording: on disk at once, bounded on disk and in memory, and never the engine's misfortune."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.base.errors import RecordingError
from engine.binance.messages import Message
from engine.feeds.recording import Recorder
from engine.feeds.recording_files import Segments
from engine.wire import recording
from engine.wire.recording import Frame, Record, Reply
from tests.component.fake_exchange import SYMBOLS, FakeExchange
from tests.component.feed_bench import running
from tests.data import ROOT

BTC = SYMBOLS[0]


def records_of(directory: Path) -> list[Record]:
    return [record for path in recording.segments(directory) for _, record in recording.read(path)]


async def until(condition: Callable[[], object], what: str) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert condition(), what


async def test_all_that_the_exchange_sends_is_kept_as_it_came(tmp_path: Path) -> None:
    # Given a feed that records
    async with (
        FakeExchange() as exchange,
        running(exchange.rest_url, exchange.ws_url, record_dir=str(tmp_path / "new" / "place")) as bench,
    ):
        await bench.feed.resolve_universe()
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))
        await bench.more_closes(BTC, "1m", 3)
        requests = bench.feed.rest.requests
        frames = bench.feed.stats["frames"]

    # When
    found = records_of(tmp_path / "new" / "place")

    # Then
    replies = [record for record in found if isinstance(record, Reply)]
    taken = [record for record in found if isinstance(record, Frame)]
    assert len(replies) >= requests
    assert len(taken) >= frames
    assert {reply.status for reply in replies} == {200}
    assert {reply.target.partition("?")[0] for reply in replies} >= {"/api/v3/time", "/api/v3/exchangeInfo", "/api/v3/klines"}
    assert all(set(reply.headers) <= set(recording.HEADERS) for reply in replies)
    assert b'"result"' in taken[0].payload
    assert sum(b'"x":true' in frame.payload.replace(b" ", b"") for frame in taken) >= 3
    assert [record.monotonic_us for record in taken] == sorted(record.monotonic_us for record in taken)
    assert bench.feed.stats["recorded"] == len(found)
    assert bench.feed.stats["unrecorded"] == 0


PROGRAM = """
import asyncio, sys
from engine.feeds.recording import Recorder

async def main():
    recorder = Recorder(sys.argv[1], 100)
    recorder.start()
    take = recorder.tap(7, lambda payload: None)
    for number in range(1000):
        take(b"frame %d" % number)
    while recorder.stats["recorded"] < 1000:
        await asyncio.sleep(0.01)
    take(b"never flushed")
    print("written", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_killed_process_leaves_everything_up_to_its_last_flush(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()

    found = records_of(tmp_path)

    assert [record.payload for record in found if isinstance(record, Frame)][:1000] == [b"frame %d" % n for n in range(1000)]
    assert {record.connection for record in found if isinstance(record, Frame)} == {7}


def test_segments_change_with_age_and_size_and_the_oldest_go(tmp_path: Path) -> None:
    # Given room for 80,000 bytes, and a clock in our hands
    now_s = 1_000_000.0
    segments = Segments(tmp_path, "r", 80_000, now_s=lambda: now_s, age_s=60)
    segments.open()

    # When an hour passes, with noise that cannot be compressed
    written = []
    for number in range(60):
        now_s += 30
        payload = b"%d " % number + os.urandom(4_000)
        written.append(payload)
        segments.write(recording.encode_frame(number, number, 0, payload))
        total = sum(path.stat().st_size for path in tmp_path.iterdir())
        assert total <= 80_000 + 10_000, "one segment's allowance is exceeded by what was written at once"
    segments.close()

    # Then what is left are the newest records, none missing between
    kept = [record.payload for record in records_of(tmp_path) if isinstance(record, Frame)]
    assert kept == written[-len(kept) :]
    assert 10 <= len(kept) < 60
    assert len(recording.segments(tmp_path)) >= 5


def test_segments_stay_in_order_when_the_clock_is_set_back(tmp_path: Path) -> None:
    # Given a clock that loses an hour between two segments
    now_s = 1_000_000.0
    segments = Segments(tmp_path, "r", 80_000, now_s=lambda: now_s, age_s=60)
    segments.open()
    for number in range(20):
        now_s += 70 if number != 10 else -3_600
        segments.write(recording.encode_frame(number, number, 0, os.urandom(2_000)))
    segments.close()

    assert [record.received_us for record in records_of(tmp_path)] == list(range(20))
    assert len(recording.segments(tmp_path)) > 5


def take_nothing(_: bytes) -> Message | None:
    return None


async def test_a_full_disk_ends_the_recording_by_name_and_counted_but_not_the_feed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a disk that fills up after the first batch
    recorder = Recorder(str(tmp_path), 100)
    recorder.start()
    take = recorder.tap(0, take_nothing)
    take(b"first")
    await until(lambda: recorder.stats["recorded"] == 1, "the first batch")

    def full(_self: Segments, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Segments, "write", full)

    # When
    for _ in range(5):
        take(b"lost")
    await until(lambda: recorder.problem, "the end of the recording")
    take(b"lost too")
    await until(lambda: recorder.stats["unrecorded"] == 6, "the count")
    await recorder.close()

    # Then
    assert "No space left on device" in recorder.problem
    assert "recording has stopped" in caplog.text
    assert recorder._batches.qsize() <= 2, "what waited is let go"
    assert [record.payload for record in records_of(tmp_path) if isinstance(record, Frame)] == [b"first"]


async def test_a_disk_that_does_not_keep_up_ends_the_recording_before_memory_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a disk that takes nothing until it is let go, and room for ten thousand bytes
    entered, go = threading.Event(), threading.Event()
    write = Segments.write

    def slow(self: Segments, data: bytes) -> None:
        entered.set()
        go.wait(10)
        write(self, data)

    monkeypatch.setattr(Segments, "write", slow)
    recorder = Recorder(str(tmp_path), 100, waiting_bytes_max=10_000)
    recorder.start()
    take = recorder.tap(0, take_nothing)

    # When
    take(b"x" * 5_000)
    await until(entered.is_set, "the first batch to reach the disk")
    take(b"y" * 6_000)
    await until(lambda: recorder.problem, "the end of the recording")
    go.set()
    await recorder.close()

    # Then what was handed over before is there, and no more
    assert "does not keep up" in recorder.problem
    assert recorder.stats["unrecorded"] == 1
    assert [record.payload[:1] for record in records_of(tmp_path) if isinstance(record, Frame)] == [b"x"]


async def test_a_disk_that_hangs_at_the_end_is_told_of_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a disk that takes nothing any more
    go = threading.Event()
    monkeypatch.setattr(Segments, "write", lambda *_: go.wait(10))
    monkeypatch.setattr("engine.feeds.recording.CLOSE_TIMEOUT_S", 0.05)
    recorder = Recorder(str(tmp_path), 100)
    recorder.start()
    recorder.tap(0, take_nothing)(b"lost")

    # When
    await recorder.close()

    # Then
    assert "does not answer" in recorder.problem
    assert "does not answer" in caplog.text
    assert recorder.stats["unrecorded"] == 1
    go.set()


async def test_a_directory_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    recorder = Recorder(str(tmp_path / "file" / "below"), 100)

    with pytest.raises(RecordingError, match="cannot be written"):
        recorder.start()
    await recorder.close()


async def test_a_feed_goes_on_when_its_recording_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a feed whose disk is full from the first batch on
    def full(_self: Segments, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Segments, "write", full)
    async with FakeExchange() as exchange, running(exchange.rest_url, exchange.ws_url, record_dir=str(tmp_path)) as bench:
        await bench.feed.require({BTC: {"1m"}})
        await bench.ready((BTC, "1m"))

        # When it has noticed
        await bench.until(lambda: bench.feed.recording_problem, "the end of the recording")
        lost = bench.feed.stats["unrecorded"]
        await bench.more_closes(BTC, "1m", 3)
        await bench.until(lambda: bench.feed.stats["unrecorded"] > lost, "frames that are let go")

        # Then
        assert bench.feed.states()["live"] == 1
        assert bench.feed.problem == ""
