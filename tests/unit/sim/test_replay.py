"""What a recording tells: its time, its bars, its replies; and what of it may be seen at an instant."""

import asyncio
import json
import random
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import RecordingError, SettingsError
from engine.base.types import Kline
from engine.sim import bars
from engine.sim.clock import SimulatedClock
from engine.sim.grid import grid_of
from engine.sim.replay.knowledge import learn, question, stream_key
from engine.sim.replay.play import Replay
from engine.sim.replay.publisher import due_frames
from engine.sim.replay.source import Source
from engine.sim.replay.timing import Fit
from engine.sim.revisions import Revisions
from engine.sim.run import Options, compose
from engine.wire import recording
from engine.wire.recording import Frame, Record, Reply
from tests.data import CAPTURES

MINUTE = 60_000
T = 1_700_000_040_000 // (5 * MINUTE) * (5 * MINUTE)
#: The steady clock's reading when the exchange's shows T, in microseconds.
ORIGIN_US = 5_000_000_000


def bar(index: int, close: float = 0.0) -> Kline:
    """The bar that opens `index` minutes after T."""
    price = 100.0 + index
    return Kline(T + index * MINUTE, price, price + 2, price - 2, close or price + 1, 5.0, 500.0, 3.0, 2.0, 200.0)


def at_us(exchange_ms: float, rate: float = 1.0) -> int:
    return ORIGIN_US + round((exchange_ms - T) * 1e3 / rate)


def frame(kline: Kline, event_ms: int, *, closed: bool, symbol: str = "btcusdt", connection: int = 0) -> Frame:
    fields = dict(zip("tohlcvqnVQ", kline, strict=True)) | {"x": closed, "i": "1m", "n": int(kline.trades)}
    payload = {"stream": f"{symbol}@kline_1m", "data": {"e": "kline", "E": event_ms, "s": symbol.upper(), "k": fields}}
    return Frame(at_us(event_ms), at_us(event_ms), connection, json.dumps(payload).encode())


def close(index: int, price: float = 0.0, lag_ms: int = 70) -> Frame:
    return frame(bar(index, price), T + (index + 1) * MINUTE + lag_ms, closed=True)


def reply(target: str, body: object, exchange_ms: float, status: int = 200) -> Reply:
    return Reply(at_us(exchange_ms), at_us(exchange_ms), 1_000, status, target, {}, json.dumps(body).encode())


def page(rows: Iterable[Kline], exchange_ms: float, symbol: str = "BTCUSDT") -> Reply:
    body = [
        [row.open_time, *map(str, row[1:6]), row.open_time + MINUTE - 1, str(row[6]), int(row[7]), str(row[8]), str(row[9]), "0"]
        for row in rows
    ]
    return reply(f"/api/v3/klines?symbol={symbol}&interval=1m&limit=1000", body, exchange_ms)


def write(path: Path, records: Iterable[Record], run: str = "r", name: str = "1") -> Path:
    deflate = zlib.compressobj(1, zlib.DEFLATED, recording.GZIP)
    encoded = (recording.encode_reply(one) if isinstance(one, Reply) else recording.encode_frame(*one) for one in records)
    data = recording.encode_head(run) + b"".join(encoded)
    (path / f"{name}.rec.gz").write_bytes(deflate.compress(data) + deflate.flush())
    return path


def visible(path: Path, now_ms: int, symbol: str = "BTCUSDT", interval: str = "1m", **ask: int) -> list[Kline]:
    replay = Replay(path)
    tape = replay.tape(replay.market, Revisions())
    grid = grid_of(interval)
    asked = {"start_ms": None, "end_ms": None, "limit": 1_000, **ask}
    return bars.klines(tape.history(symbol, grid, now_ms, **asked))  # type: ignore[arg-type]


# --- time -----------------------------------------------------------------------------------------------------------


@given(rate=st.sampled_from([1.0, 2.0, 60.0, 3_000.0]), offset_ms=st.integers(0, 2**41), seed=st.integers(0, 10_000))
def test_the_exchange_s_clock_is_found_behind_uneven_delays(rate: float, offset_ms: int, seed: int) -> None:
    # Given events that arrive up to 80 ms of real time after they were sent
    chance = random.Random(seed)
    fit = Fit()
    samples = []
    now_us = ORIGIN_US
    for _ in range(60):
        now_us += chance.randint(100_000, 1_000_000)
        samples.append((now_us, offset_ms + ((now_us - ORIGIN_US) / 1e3 - chance.uniform(0, 80)) * rate))
        fit.sample(*samples[-1])

    line = fit.line()

    # Then the line lies above all samples, as close as it can
    assert line is not None
    assert line.rate == pytest.approx(rate, rel=0.01)
    late_ms = [line.exchange_ms(at) - sent_ms for at, sent_ms in samples]
    assert min(late_ms) == pytest.approx(0, abs=0.01)
    assert max(late_ms) <= 500 * rate


def test_a_short_capture_of_the_real_exchange_is_not_taken_for_a_slow_one() -> None:
    for path in CAPTURES.glob("*.ws"):
        assert Replay(path).rate == 1.0


def test_without_samples_there_is_no_line_and_with_one_the_rate_is_given() -> None:
    fit = Fit()
    assert fit.line() is None
    fit.sample(7, 1_000.0)

    line = fit.line(otherwise=60.0)

    assert line is not None
    assert (fit.rate, line.rate, line.exchange_ms(1_000_007)) == (None, 60.0, 61_000.0)


# --- bars -----------------------------------------------------------------------------------------------------------


def test_bars_of_pages_and_events_are_one_series_seen_once_they_are_over(tmp_path: Path) -> None:
    # Given a page up to the open bar 3, asked for at its beginning, and closes of 3 and 5: 4 was repaired
    records = [
        page([bar(0), bar(1), bar(2), bar(3)], T + 3 * MINUTE + 500),
        close(3),
        close(5),
        page([bar(4)], T + 6 * MINUTE + 900),
    ]
    write(tmp_path, records)

    # Then
    opens = [kline.open_time for kline in visible(tmp_path, T + 6 * MINUTE + 800)]
    assert opens == [T + index * MINUTE for index in range(7)]
    assert visible(tmp_path, T + 6 * MINUTE)[:6] == [bar(index) for index in range(6)]
    assert visible(tmp_path, T + 4 * MINUTE - 1)[:3] == [bar(0), bar(1), bar(2)]


def test_the_open_row_of_a_page_is_not_taken_for_closed(tmp_path: Path) -> None:
    records = [page([bar(0), bar(1, close=50.0)._replace(low=40.0)], T + MINUTE + 1), close(1), close(2)]
    write(tmp_path, records)

    assert visible(tmp_path, T + 2 * MINUTE)[:2] == [bar(0), bar(1)]
    assert visible(tmp_path, T + MINUTE + 1)[-1].close == 50.0


def test_before_its_first_event_a_bar_is_flat_at_the_last_close(tmp_path: Path) -> None:
    write(tmp_path, [close(0), close(1)])

    assert visible(tmp_path, T + 2 * MINUTE + 200)[-1] == bars.flat(T + 2 * MINUTE, 102.0)


def test_the_last_word_on_a_bar_counts_from_when_it_was_said(tmp_path: Path) -> None:
    revised = frame(bar(0, close=101.5), T + 3 * MINUTE + 5, closed=True)
    write(tmp_path, [close(0), close(1), close(2), revised, close(3)])
    replay = Replay(tmp_path)
    tape = replay.tape(replay.market, Revisions())

    def first(now_ms: int) -> Kline:
        return bars.klines(tape.history("BTCUSDT", grid_of("1m"), now_ms, start_ms=T, end_ms=None, limit=1))[0]

    assert [first(T + 3 * MINUTE).close, first(T + 4 * MINUTE).close] == [101.0, 101.5]


def test_a_longer_interval_is_made_of_what_was_recorded_but_never_of_half_a_bar(tmp_path: Path) -> None:
    # Given minutes 1 to 10: the first five minutes lack their first
    write(tmp_path, [close(index) for index in range(1, 11)])

    found = visible(tmp_path, T + 10 * MINUTE, interval="5m", end_ms=T + 9 * MINUTE)

    assert [(kline.open_time, kline.open, kline.close, kline.volume) for kline in found] == [(T + 5 * MINUTE, 105.0, 110.0, 25.0)]


def test_what_is_not_known_is_an_empty_range(tmp_path: Path) -> None:
    write(tmp_path, [close(0), frame(bar(0), T + 30_000, closed=False, symbol="ethusdt"), close(1)])

    assert visible(tmp_path, T + 3 * MINUTE, start_ms=T - 90 * MINUTE, end_ms=T - MINUTE) == []
    assert visible(tmp_path, T + 3 * MINUTE, symbol="ETHUSDT") == []


def test_nonsense_is_no_bar_and_moves_no_clock(tmp_path: Path) -> None:
    wild = frame(bar(1), T + 400 * 86_400_000, closed=True)._replace(monotonic_us=at_us(T + 2 * MINUTE))
    torn = Frame(at_us(T + 2 * MINUTE), at_us(T + 2 * MINUTE), 0, b'{"stream":"btcus')
    high = frame(bar(2)._replace(high=1.0), T + 3 * MINUTE, closed=True)
    write(tmp_path, [close(0), wild, torn, high, close(3), page([bar(0)], T + 4 * MINUTE, symbol="?")._replace(body=b"<html>")])

    known = learn(Source(tmp_path))

    assert known.closed["BTCUSDT", "1m"][bars.OPEN_TIME].tolist() == [T, T + MINUTE, T + 3 * MINUTE]
    assert abs(known.end_ms - T - 4 * MINUTE) < 100
    assert known.unreadable == 2


def test_two_runs_in_one_directory_are_one_recording(tmp_path: Path) -> None:
    # Given an engine that was started again: its steady clock began anew
    write(tmp_path, [close(0), close(1)], run="a", name="1")
    later = [one._replace(monotonic_us=one.monotonic_us - ORIGIN_US - at_us(T + 3 * MINUTE)) for one in (close(3), close(4))]
    write(tmp_path, later, run="b", name="2")
    source = Source(tmp_path)

    known = learn(source)
    due = list(due_frames(source, known.lines, 0))

    assert known.closed["BTCUSDT", "1m"].shape[1] == 4
    assert [round((one.due_ms - T) / MINUTE, 2) for one in due] == [1.0, 2.0, 4.0, 5.0]


# --- frames and replies ---------------------------------------------------------------------------------------------


def test_frames_of_streams_are_due_in_recorded_order_from_the_start_on(
    tmp_path: Path,
) -> None:
    answer = Frame(at_us(T + 60_010), at_us(T + 60_010), 0, b'{"result":null,"id":1}')
    shutdown = answer._replace(payload=b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}')
    frames = [answer, shutdown, close(0), frame(bar(1), T + 90_000, closed=False), close(1)]
    source = Source(write(tmp_path, frames))

    due = list(due_frames(source, learn(source).lines, T + 80_000))

    assert [one.payload for one in due] == [frames[3].payload, frames[4].payload]
    assert [round(one.due_ms - T) for one in due] == [90_000, 120_070]


def test_a_run_that_begins_after_the_recording_was_read_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, [close(1), close(2)], run="a", name="1")
    source = Source(tmp_path)
    lines = learn(source).lines
    write(tmp_path, [close(3)], run="b", name="2")

    assert [round(one.due_ms - T) for one in due_frames(source, lines, T)] == [2 * MINUTE + 70, 3 * MINUTE + 70]


async def test_a_segment_that_is_gone_when_its_turn_comes_is_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    # Given a recording of which a part was removed after all of it was read
    write(tmp_path, [close(1)], name="1")
    replay = Replay(tmp_path)
    clock = SimulatedClock(replay.start_ms, speed=1e6)
    publisher = replay.publisher(replay.tape(replay.market, Revisions()), clock)
    (tmp_path / "1.rec.gz").unlink()
    (tmp_path / "1.rec.gz").symlink_to(tmp_path / "nowhere")

    # When it is played
    task = asyncio.create_task(publisher.run())
    async with asyncio.timeout(10):
        while not caplog.records and not task.done():  # noqa: ASYNC110
            await asyncio.sleep(0)

    # Then
    assert "cannot be read" in caplog.text
    assert not task.done()
    task.cancel()


def test_a_question_is_answered_word_for_word_by_the_last_reply_until_now(tmp_path: Path) -> None:
    tickers = [reply("/api/v3/ticker/24hr?type=MINI", [number], T + number * MINUTE) for number in (1, 3)]
    failed = reply("/api/v3/ticker/24hr?type=MINI", {"code": -1}, T + 2 * MINUTE, status=500)
    write(tmp_path, [tickers[0], failed, close(1), tickers[1], close(3)])
    replay = Replay(tmp_path)

    def told(now_ms: int, *pairs: tuple[str, str]) -> bytes | None:
        return replay.told(SimulatedClock(now_ms, held=True))("/api/v3/ticker/24hr", pairs)

    asked = ("type", "MINI")
    assert [told(T + at * MINUTE, asked) for at in (0, 2, 4)] == [b"[1]", b"[1]", b"[3]"]
    assert told(T, ("type", "FULL")) is None


def test_a_question_is_the_same_in_any_order_of_parameters() -> None:
    assert question("/a?x=1&y=%22") == question("/a?y=%22&x=1") == ("/a", (("x", "1"), ("y", '"')))


@pytest.mark.parametrize(
    "name, key",
    [("btcusdt@kline_1m", ("BTCUSDT", "1m")), ("btcusdt@kline_1w", None), ("btcusdt@trade", None), ("@kline_1m", None)],
)
def test_only_kline_streams_on_a_regular_grid_have_a_series(name: str, key: tuple[str, str] | None) -> None:
    assert stream_key(name) == key


# --- the command's side ---------------------------------------------------------------------------------------------


def test_time_begins_at_the_first_frame_waits_and_ends_with_the_recording(tmp_path: Path) -> None:
    records = [
        reply("/api/v3/time", {"serverTime": T}, T),
        close(0),
        close(1),
        reply("/api/v3/time", {"serverTime": 1}, T + 150_000),
    ]
    replay = Replay(write(tmp_path, records))

    market, clock = compose(Options(replay=str(tmp_path), speed=4.0), replay)

    assert clock.held
    assert abs(clock.start_ms - (T + MINUTE + 70)) <= 1
    assert clock.until_ms is not None
    assert abs(clock.until_ms - (T + 150_000)) <= 2
    assert clock.speed == 4.0
    assert list(market.listings) == ["BTCUSDT"]


@pytest.mark.parametrize("extra", [{"data": "a.parquet"}, {"symbols": 3}])
def test_a_replay_has_its_own_market(tmp_path: Path, extra: dict[str, object]) -> None:
    replay = Replay(write(tmp_path, [close(0), close(1)]))

    with pytest.raises(SettingsError, match="its own market"):
        compose(Options(replay=str(tmp_path), **extra), replay)  # type: ignore[arg-type]


def test_what_is_no_recording_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.ws").write_text("something else\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "quiet").mkdir()
    write(tmp_path / "quiet", [reply("/api/v3/time", {"serverTime": T}, T)])

    for name, text in (("a.ws", "no capture"), ("empty", "no recording"), ("gone", "no recording"), ("quiet", "no frame")):
        with pytest.raises(RecordingError, match=text):
            Replay(tmp_path / name)


def test_a_torn_line_of_a_capture_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.ws").write_text('wss://x <-> 1.5\n1.5: {}\nnoise\n2.5: {\n3.5: {"a')

    assert [record.payload for _, record in Source(tmp_path / "a.ws").records() if isinstance(record, Frame)] == [b"{}", b"{"]
    assert "none of its own" in caplog.text


def test_a_series_is_as_wide_as_a_bar(tmp_path: Path) -> None:
    known = learn(Source(write(tmp_path, [close(0), close(1)])))

    assert known.closed["BTCUSDT", "1m"].shape == (bars.FIELDS, 2)
    assert known.closed["BTCUSDT", "1m"].dtype == np.float64


@pytest.mark.parametrize("epoch", ["inf", "-inf", "nan", "1e300"])
def test_a_time_of_a_capture_that_cannot_be_is_left_out(tmp_path: Path, epoch: str) -> None:
    text = close(1).payload.decode()
    (tmp_path / "a.ws").write_text(f"wss://x <-> 1.0\n{epoch}: {text}\n2.0: {text}\n")

    assert [record.received_us for _, record in Source(tmp_path / "a.ws").records()] == [2_000_000]


def test_a_reply_to_a_question_that_is_none_is_left_out(tmp_path: Path) -> None:
    found = learn(Source(write(tmp_path, [close(1), reply("//[x/api/v3/klines", [], T)])))

    assert (found.frames, found.unreadable, found.replies) == (1, 1, {})
