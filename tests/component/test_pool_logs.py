"""Logs of all processes in one place, over real pipes and the library's own queue and thread."""

import asyncio
import io
import json
import logging
import os
import signal
import subprocess
import sys
import time

import pytest

from engine.telemetry.logs import LINE_BYTES_MAX, LINES_BURST, Logs, record_of


def written(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def settled() -> None:
    """Let the loop read what is in its pipes."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_lines_of_workers_and_of_this_process_come_out_together() -> None:
    stream = io.StringIO()
    with Logs("json", stream=stream) as logs:
        fd = logs.open_pipe("worker-1")
        logging.getLogger("engine.test").info("here %d", 1)
        now_ms = int(time.time() * 1e3)
        line = {"level": "error", "name": "workers.loop", "message": "there", "time_ms": now_ms, "pid": 77, "slot": 1}
        os.write(fd, json.dumps(line).encode() + b"\nnot json\n")
        os.close(fd)
        await settled()
    found = {str(line["message"]): line for line in written(stream)}
    assert (found["here 1"]["level"], found["here 1"]["logger"]) == ("info", "engine.test")
    there = found["there"]
    assert (there["level"], there["process"], there["pid"], there["logger"]) == ("error", "worker-1", 77, "workers.loop")
    assert str(there["time"]).endswith("Z")
    assert (found["not json"]["level"], found["not json"]["process"]) == ("warning", "worker-1")


def test_times_are_utc_with_milliseconds_and_tracebacks_are_kept() -> None:
    stream = io.StringIO()
    with Logs("json", stream=stream):
        try:
            raise ValueError("why")
        except ValueError:
            logging.getLogger("x").exception("it failed")
    (line,) = written(stream)
    assert "ValueError: why" in str(line["error"])
    assert len(str(line["time"])) == len("2026-11-21T05:00:00.000Z")


def test_text_is_for_people_and_levels_are_kept() -> None:
    stream = io.StringIO()
    with Logs("text", level="warning", stream=stream):
        logging.getLogger("x").info("not shown")
        logging.getLogger("x").warning("shown")
    assert stream.getvalue().count("\n") == 1
    assert "warning" in stream.getvalue()
    assert "x: shown" in stream.getvalue()


def test_secrets_never_come_out() -> None:
    stream = io.StringIO()
    with Logs("text", secrets=["tok-123456", "", "abc"], stream=stream):
        logging.getLogger("x").warning("token tok-123456, url postgresql://me:pass@host/db, abc")
        try:
            raise ValueError("tok-123456")
        except ValueError:
            logging.getLogger("x").exception("failed")
    text = stream.getvalue()
    assert "tok-123456" not in text
    assert "postgresql://me:***@host/db, abc" in text


@pytest.mark.parametrize(
    "line, level, message",
    [
        (b'{"level":"info","message":"a\\u001b[31mb\\nc"}', logging.INFO, "a [31mb c"),
        (b'{"level":"shout","message":"x"}', logging.WARNING, "x"),
        (b'{"level":3}', logging.WARNING, '{"level":3}'),
        (b"\xff\xfe\x00", logging.WARNING, "\ufffd\ufffd"),
        (b"[" * 5000, logging.WARNING, "[" * 5000),
        (b"x" * 100_000, logging.WARNING, "x" * LINE_BYTES_MAX),
    ],
)
def test_hostile_lines_become_harmless_records(line: bytes, level: int, message: str) -> None:
    record = record_of("worker-0", line)
    assert (record.levelno, record.getMessage(), record.processName) == (level, message, "worker-0")


def test_a_foreign_time_pid_and_name_are_believed_within_reason() -> None:
    record = record_of("w", b'{"time_ms": 1, "pid": 99999999999, "name": "a\\u001bb/../c", "message": "m %s"}')
    assert abs(record.created - time.time()) < 60
    assert record.process == 0
    assert record.name == "a_b_.._c"
    assert record.getMessage() == "m %s"


async def test_a_flood_is_cut_and_counted_and_a_line_without_end_too() -> None:
    stream = io.StringIO()
    with Logs("json", stream=stream) as logs:
        quiet, loud, long = (logs.open_pipe(name) for name in ("quiet", "loud", "long"))
        for _ in range(int(LINES_BURST) + 300):
            os.write(loud, b"noise\n")
        for _ in range(10):
            os.write(long, b"y" * 5_000)
            await settled()
        os.write(long, b"\nafter\n")
        os.write(quiet, b"heard\n")
        await settled()
        for fd in (quiet, loud, long):
            os.close(fd)
        await settled()
    messages = [str(line["message"]) for line in written(stream)]
    assert LINES_BURST <= messages.count("noise") < LINES_BURST + 100
    assert any("log lines were dropped" in message for message in messages)
    assert "heard" in messages
    assert "after" in messages
    assert sum(message.startswith("yyy") for message in messages) == 1


async def test_a_worker_killed_in_the_middle_of_its_flood_silences_nobody() -> None:
    stream = io.StringIO()
    flood = "import os\nwhile True: os.write(1, b'z' * 50 + b'\\n')"
    with Logs("json", stream=stream) as logs:
        for number in range(4):
            fd = logs.open_pipe(f"worker-{number}")
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", flood, stdout=fd, stderr=subprocess.DEVNULL)
            os.close(fd)
            while not stream.getvalue().count(f"worker-{number}"):  # noqa: ASYNC110 (the writer is a thread of the library)
                await asyncio.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            await process.wait()
        logging.getLogger("x").info("still here")
    assert "still here" in stream.getvalue()


def test_closing_writes_out_everything_and_restores_the_root_logger() -> None:
    before = logging.getLogger().handlers[:]
    stream = io.StringIO()
    logs = Logs("json", stream=stream)
    for number in range(2_000):
        logging.getLogger("x").info("line %d", number)
    logs.close()
    logs.close()
    assert [line["message"] for line in written(stream)] == [f"line {number}" for number in range(2_000)]
    assert logging.getLogger().handlers == before
