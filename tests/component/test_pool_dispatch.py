"""The dispatcher and the pool over real processes and sockets, with workers that misbehave on request."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from engine.dispatch.limits import Limits
from engine.wire.codec import MESSAGE_BYTES_MAX
from engine.wire.sockets import FRAME_BYTES_MAX
from tests.component.pool_bench import WAIT_S, bench


async def test_everything_that_is_due_is_answered_once_by_all_workers(tmp_path: Path) -> None:
    async with bench(tmp_path, workers=2) as b:
        b.load("yes", "no", "pid")
        await b.until(lambda: len(b.loaded) == 3)
        b.submit(range(20), 300_000, 1, 2, 3)
        assert await b.dispatcher.drain(WAIT_S)
        assert sorted(b.answers()) == [(symbol, 300_000, id_) for symbol in range(20) for id_ in (1, 2, 3)]
        said_yes = {m.symbol for o in b.outcomes for r in o.results if r.filter_id == 1 for m in r.matches}
        assert said_yes == set(range(20))
        assert 0 < b.dispatcher.stats().cycle_p50_ms <= b.dispatcher.stats().cycle_p99_ms

        def asked() -> set[str]:
            return {m.details for o in b.outcomes for r in o.results if r.filter_id == 3 for m in r.matches}

        as_of_ms = 300_000
        while len(asked()) < 2:  # the second worker may still have been loading
            as_of_ms += 300_000
            b.submit(range(20), as_of_ms, 3)
            assert await b.dispatcher.drain(WAIT_S)
        stats = b.dispatcher.stats()
        assert (stats.ready, len(stats.pids), stats.open_questions) == (2, 2, 0)


async def test_what_a_filter_says_of_itself_is_told_once(tmp_path: Path) -> None:
    async with bench(tmp_path, workers=2) as b:
        b.load("yes", "refuse")
        await b.until(lambda: b.loaded and b.refused)
        b.submit([1], 300_000, 1, 2)
        assert await b.dispatcher.drain(WAIT_S)
        assert [(m.filter_id, m.refresh, m.intervals) for m in b.loaded] == [(1, "5m", ("5m", "1h"))]
        assert [m.message for m in b.refused] == ["write [31m it otherwise"]
        assert b.answers() == [(1, 300_000, 1)]
        assert [(id_, len(questions)) for id_, questions, _ in b.given_up] == [(2, 1)]


async def test_a_filter_that_crashes_is_given_up_and_the_others_are_done_again(tmp_path: Path) -> None:
    async with bench(tmp_path, workers=2) as b:
        b.load("yes", "crash", "no")
        b.submit(range(10), 300_000, 1, 2, 3)
        assert await b.dispatcher.drain(WAIT_S)
        assert sorted(b.answers()) == [(symbol, 300_000, id_) for symbol in range(10) for id_ in (1, 3)]
        questions = [(id_, question.symbol) for id_, asked, _ in b.given_up for question in asked]
        assert sorted(questions) == [(2, symbol) for symbol in range(10)]
        assert "ended the worker" in b.given_up[0][2]
        assert await b.dispatcher.wait_ready(WAIT_S)


async def test_a_filter_that_hangs_is_killed_at_the_deadline_and_given_up(tmp_path: Path) -> None:
    async with bench(tmp_path, workers=2, limits=Limits(hard_limit_s=0.3)) as b:
        b.load("hang", "yes")
        b.submit(range(4), 300_000, 1, 2)
        assert await b.dispatcher.drain(WAIT_S)
        assert sorted(b.answers()) == [(symbol, 300_000, 2) for symbol in range(4)]
        assert {id_ for id_, _, _ in b.given_up} == {1}
        assert b.dispatcher.stats().counts["deadlines"] >= 2


async def test_slow_filters_are_not_killed_as_long_as_the_worker_gets_on(tmp_path: Path) -> None:
    async with bench(tmp_path, workers=1, limits=Limits(hard_limit_s=0.5)) as b:
        b.load(*["slow 200"] * 6)
        b.submit([1], 300_000, 1, 2, 3, 4, 5, 6)
        assert await b.dispatcher.drain(WAIT_S)
        assert len(b.answers()) == 6
        assert b.dispatcher.stats().counts["deadlines"] == 0


async def test_workers_that_lie_are_not_believed(tmp_path: Path) -> None:
    async with bench(tmp_path, workers=2) as b:
        b.load("yes", "lie", "nonsense", "exit")
        b.submit(range(6), 300_000, 1, 2)
        b.submit(range(6), 600_000, 1, 3)
        b.submit(range(6), 900_000, 1, 4)
        assert await b.dispatcher.drain(WAIT_S)
        assert sorted(b.answers()) == sorted((s, t, 1) for s in range(6) for t in (300_000, 600_000, 900_000))
        assert {id_ for id_, _, _ in b.given_up} == {2, 3, 4}


@pytest.mark.parametrize("size", [MESSAGE_BYTES_MAX + 1, FRAME_BYTES_MAX + 1])
async def test_a_worker_that_sends_more_than_a_message_may_hold_is_ended(tmp_path: Path, size: int) -> None:
    # Given a filter that makes its worker send too much: so much that it arrives, or so much that the connection ends
    async with bench(tmp_path, workers=2, limits=Limits(hard_limit_s=0.5)) as b:
        b.load("yes", f"huge {size}")
        await b.until(lambda: len(b.loaded) == 2)
        b.submit(range(6), 300_000, 1, 2)
        assert await b.dispatcher.drain(WAIT_S)
        # Then nobody believes it, everybody else is answered, and it is asked no more
        assert sorted(b.answers()) == [(symbol, 300_000, 1) for symbol in range(6)]
        assert {id_ for id_, _, _ in b.given_up} == {2}
        arrived = size <= FRAME_BYTES_MAX
        assert bool(b.dispatcher.stats().counts["lies"]) is arrived


async def test_a_filter_that_kills_while_it_is_loaded_never_runs(tmp_path: Path) -> None:
    async with bench(tmp_path, workers=2) as b:
        b.load("crash_loading", "yes")
        b.submit(range(4), 300_000, 1, 2)
        assert await b.dispatcher.drain(WAIT_S)
        assert sorted(b.answers()) == [(symbol, 300_000, 2) for symbol in range(4)]
        assert {id_ for id_, _, _ in b.given_up} == {1}
        assert await b.dispatcher.wait_ready(WAIT_S)


async def test_a_killed_worker_is_replaced_and_its_task_done_again(tmp_path: Path) -> None:
    async with bench(tmp_path, workers=1) as b:
        b.load("slow 100", "yes")
        await b.until(lambda: len(b.loaded) == 2)
        b.submit([1, 2], 300_000, 1, 2)
        pid = b.dispatcher.stats().pids[0]
        await b.until(lambda: b.dispatcher.stats().counts["tasks"] == 1)
        os.kill(pid, signal.SIGKILL)
        assert await b.dispatcher.drain(WAIT_S)
        assert sorted(b.answers()) == [(1, 300_000, 1), (1, 300_000, 2), (2, 300_000, 1), (2, 300_000, 2)]
        assert not b.given_up
        assert b.dispatcher.stats().pids[0] != pid


async def test_a_killed_nursery_takes_its_workers_along_and_everything_comes_back(tmp_path: Path) -> None:
    async with bench(tmp_path, workers=2) as b:
        b.load("slow 30", "yes")
        await b.until(lambda: len(b.loaded) == 2)
        before = b.dispatcher.stats().pids
        b.submit(range(6), 300_000, 1, 2)
        nursery = b.pool.nursery_pid
        assert nursery is not None
        os.kill(nursery, signal.SIGKILL)
        assert await b.dispatcher.drain(WAIT_S)
        assert sorted(b.answers()) == [(symbol, 300_000, id_) for symbol in range(6) for id_ in (1, 2)]
        assert await b.dispatcher.wait_ready(WAIT_S)
        assert not set(before) & set(b.dispatcher.stats().pids)
        assert b.pool.nursery_starts == 2
        assert not b.given_up


async def test_a_worker_that_dies_while_the_nursery_is_stuck_is_noticed(tmp_path: Path) -> None:
    async with bench(tmp_path, workers=2) as b:
        b.load("yes")
        await b.until(lambda: b.loaded)
        nursery = b.pool.nursery_pid
        assert nursery is not None
        await b.until(lambda: b.dispatcher.stats().spares == 1)
        os.kill(nursery, signal.SIGSTOP)
        pid = b.dispatcher.stats().pids[0]
        os.kill(pid, signal.SIGKILL)
        # The spare is there already, and takes its place without a fork.
        await b.until(lambda: pid not in b.dispatcher.stats().pids)
        assert b.dispatcher.stats().ready == 2
        b.submit(range(4), 300_000, 1)
        assert await b.dispatcher.drain(WAIT_S)
        os.kill(nursery, signal.SIGCONT)
        assert await b.dispatcher.wait_ready(WAIT_S)


async def test_the_pool_changes_size_under_load_and_loses_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path, workers=1) as b:
        b.load("slow 1", "yes")
        for number, size in enumerate((4, 1, 6, 2)):
            b.submit(range(40), (number + 1) * 300_000, 1, 2)
            b.dispatcher.resize(size)
            assert await b.dispatcher.wait_ready(WAIT_S)
        assert await b.dispatcher.drain(WAIT_S)
        wanted = [(symbol, (n + 1) * 300_000, id_) for n in range(4) for symbol in range(40) for id_ in (1, 2)]
        assert sorted(b.answers()) == sorted(wanted)
        await b.until(lambda: len(b.dispatcher.stats().pids) == 2)


async def test_workers_are_pinged(tmp_path: Path) -> None:
    async with bench(tmp_path, workers=2, limits=Limits(ping_every_s=0.05)) as b:
        await b.until(lambda: b.dispatcher.stats().memory_hits == 6)
        assert b.dispatcher.stats().rss_bytes == 3000


async def test_a_frozen_idle_worker_is_replaced(tmp_path: Path) -> None:
    async with bench(tmp_path, workers=1, limits=Limits(ping_every_s=0.1)) as b:
        pid = b.dispatcher.stats().pids[0]
        os.kill(pid, signal.SIGSTOP)
        await b.until(lambda: b.dispatcher.stats().ready == 1 and b.dispatcher.stats().pids[0] != pid)


async def test_a_broken_callback_is_reported_and_stops_nobody(tmp_path: Path) -> None:
    problems: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: problems.append(context["message"]))
    async with bench(tmp_path, workers=1) as b:
        b.load("yes", "crash")
        await b.until(lambda: len(b.loaded) == 2)
        b.told.given_up = None  # type: ignore[assignment]
        b.submit([1], 300_000, 2)
        b.submit([1], 600_000, 1)
        assert await b.dispatcher.drain(WAIT_S)
        assert b.answers() == [(1, 600_000, 1)]
        assert problems == ["a callback of the dispatcher failed"]
