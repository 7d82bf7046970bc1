"""An engine that crashes again and again as soon as it connects does not get the address blocked."""

import asyncio
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from engine.feeds.attempts_file import NAME
from engine.feeds.backoff import ATTEMPTS_MAX
from tests.component.stream_server import StreamServer, until
from tests.data import ROOT

PROGRAM = """
import asyncio, logging, sys
from pathlib import Path
from engine.feeds.connections import Connections

async def main(url, state_dir):
    logging.basicConfig()
    nothing = lambda *_: None
    connections = Connections(url, nothing, nothing, nothing, max_streams=1, silence_ms=1000, state_dir=Path(state_dir))
    connections.mend(["a@kline_1m", "b@kline_1m"])
    await asyncio.sleep(60)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_crash_loop_makes_no_more_attempts_than_one_engine(tmp_path: Path) -> None:
    # Given that there are five attempts left in these five minutes
    now_s = time.time()
    (tmp_path / NAME).write_text("".join(f"{now_s:.3f}\n" for _ in range(ATTEMPTS_MAX - 5)))
    async with StreamServer() as server:
        # When an engine with two connections is killed each time it has connected
        for attempts in (2, 4):
            process = await started(server, tmp_path)
            await until(lambda attempts=attempts: server.attempts == attempts, "connected")
            await killed(process)

        # Then the third start makes the one attempt that is left, and waits
        process = await started(server, tmp_path)
        assert process.stderr is not None
        async with asyncio.timeout(30):
            async for line in process.stderr:
                if b"too many attempts" in line:
                    break
        await until(lambda: server.attempts == 5, "the last attempt")
        await killed(process)

        # And the fourth none at all.
        process = await started(server, tmp_path)
        assert process.stderr is not None
        async with asyncio.timeout(30):
            for _ in range(2):
                assert b"too many attempts" in await process.stderr.readline()
        await killed(process)
        assert server.attempts == 5


async def started(server: StreamServer, state_dir: Path) -> Process:
    arguments = (sys.executable, "-c", PROGRAM, server.url, str(state_dir))
    return await asyncio.create_subprocess_exec(*arguments, cwd=ROOT, stderr=PIPE)


async def killed(process: Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.communicate()
