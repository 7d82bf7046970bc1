"""The dispatcher with the real nursery, real workers and a real candle segment."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from engine.base.types import INTERVAL_MS
from engine.dispatch.limits import Limits
from engine.pool.process import NurseryOptions
from tests.component.pool_bench import WAIT_S, bench
from tests.data import ROOT

WORKERS = (sys.executable, "-P", "-m", "workers")
LENGTH_MS = INTERVAL_MS["5m"]
BARS = 60
CLOSE_MS = BARS * LENGTH_MS

RISING = 'def check(ticker, klines, ta):\n    five = klines["5m"]\n    return five.close[-1] > ta.sma(five.close, 5)[-1]\n'
NEVER = 'def check(ticker, klines, ta):\n    return klines["5m"].close[-1] < 0\n'
ENDLESS = 'def check(ticker, klines, ta):\n    last = klines["5m"].close[-1]\n    while True:\n        last += 1\n'
REFUSED = "import os\n\ndef check(ticker, klines, ta):\n    return True\n"


async def test_filters_are_loaded_asked_and_interrupted(tmp_path: Path, candles_fd: int) -> None:
    limits = Limits(soft_limit_ms=100)
    async with bench(tmp_path, 2, limits, WORKERS, candles_fd) as b:
        await b.pool.prepare(["sma"])
        b.load(RISING, NEVER, ENDLESS, REFUSED)
        await b.until(lambda: len(b.loaded) == 3 and b.refused)
        assert {(m.filter_id, m.intervals) for m in b.loaded} == {(1, ("5m",)), (2, ("5m",)), (3, ("5m",))}
        assert b.refused[0].filter_id == 4
        b.submit(range(10), CLOSE_MS, 1, 2, 3)
        assert await b.dispatcher.drain(WAIT_S)
        assert sorted(b.answers()) == [(symbol, CLOSE_MS, id_) for symbol in range(10) for id_ in (1, 2, 3)]
        matches = {(r.filter_id, m.symbol) for o in b.outcomes for r in o.results for m in r.matches}
        assert matches == {(1, symbol) for symbol in range(0, 10, 2)}
        kinds = {(r.filter_id, f.kind) for o in b.outcomes for r in o.results for f in r.faults}
        assert kinds == {(3, "deadline")}
        assert not b.given_up


async def test_random_kills_under_load_lose_nothing(tmp_path: Path, candles_fd: int) -> None:
    chance = random.Random(7)
    async with bench(tmp_path, 2, None, WORKERS, candles_fd) as b:
        await b.pool.prepare(["sma"])
        b.load(RISING, NEVER)
        await b.until(lambda: len(b.loaded) == 2)
        wanted = []
        for number in range(30):
            as_of_ms = (20 + number) * LENGTH_MS
            b.submit(range(10), as_of_ms, 1, 2)
            wanted += [(symbol, as_of_ms, id_) for symbol in range(10) for id_ in (1, 2)]
            pids = b.dispatcher.stats().pids
            if number % 3 == 0 and pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chance.choice(pids), signal.SIGKILL)
            await asyncio.sleep(chance.uniform(0, 0.05))
        assert await b.dispatcher.drain(WAIT_S)
        assert sorted(b.answers()) == sorted(wanted)
        assert not b.given_up
        assert await b.dispatcher.wait_ready(WAIT_S)


async def test_a_supervisor_that_is_killed_leaves_no_process_behind(tmp_path: Path, candles_fd: int) -> None:
    script = tmp_path / "supervisor.py"
    script.write_text(f"""
import asyncio, sys
from pathlib import Path
from tests.component.pool_bench import bench

async def main():
    async with bench(Path({str(tmp_path)!r}), 2, None, {WORKERS!r}, int(sys.argv[1])) as b:
        print(b.pool.nursery_pid, *b.dispatcher.stats().pids, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
""")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        str(candles_fd),
        stdout=subprocess.PIPE,
        pass_fds=(candles_fd,),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    pids = [int(pid) for pid in (await asyncio.wait_for(process.stdout.readline(), 60)).split()]
    assert len(pids) == 3
    watches = [os.pidfd_open(pid) for pid in pids]
    process.kill()
    await process.wait()
    for watch in watches:
        died = asyncio.Event()
        asyncio.get_running_loop().add_reader(watch, died.set)
        await asyncio.wait_for(died.wait(), WAIT_S)
        asyncio.get_running_loop().remove_reader(watch)
        os.close(watch)
    os.close(candles_fd)


def test_nothing_secret_stands_in_the_process_list() -> None:
    command = NurseryOptions("ipc:///run/x", 5, 6, 500).command(7)
    assert command[1:] == [
        *("-P", "-m", "workers", "--control-fd", "7", "--candles-fd", "5", "--slots-fd", "6"),
        *("--endpoint", "ipc:///run/x", "--history-bars", "500", "--indicator-memory-mb", "256"),
    ]
