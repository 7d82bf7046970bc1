"""kill -9 of everything between a signal and its row, again and again: nothing lost, nothing doubled."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from engine.persistence.door import session
from engine.persistence.queries import list_signals
from engine.signals.signal import Signal
from tests.homes import short_home

ROOT = Path(__file__).resolve().parents[2]
TRADER = "66666666-6666-6666-6666-666666666666"

#: Opens spool and database of a home, goes on where the state says, two signals a commit, and says how many are durable; with
#: a second argument it makes no more, but sends what is left.
ENGINE = """
import asyncio, sys
from pathlib import Path
from engine.persistence.door import database
from engine.persistence.session import Session
from engine.persistence.writer import SignalWriter
from engine.signals.spool import Spool
from tests.component.test_persistence_kill import TRADER, signal_of

async def main():
    home = Path(sys.argv[1])
    spool = Spool(home / "spool")
    await spool.open()
    async with database("", home, "engine") as url:
        writer = SignalWriter(spool, Session(url, "alice"))
        writing = asyncio.create_task(writer.run())
        number = int((await spool.load_states()).get((TRADER, 1), b"0"))
        print(number, flush=True)
        while len(sys.argv) == 2:
            await spool.commit([signal_of(number), signal_of(number + 1)], {(TRADER, 1): b"%d" % (number + 2)})
            number += 2
            writer.wake()
            print(number, flush=True)
        print(await writer.flush(30), flush=True)
        writing.cancel()
    await spool.close()

asyncio.run(main())
"""


def signal_of(number: int) -> Signal:
    return Signal.found(
        user_id="alice",
        trader_id=TRADER,
        trader="t",
        trader_version=1,
        symbol="BTCUSDT",
        interval="1m",
        bar_open_ms=1_795_000_020_000 + number * 60_000,
        price=number / 4,
        detected_ms=1_795_000_080_000 + number * 60_000,
        exchange="sim",
    )


def run(home: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", ENGINE, str(home), *more], stdout=subprocess.PIPE, text=True, cwd=ROOT)


def kill_postgres(home: Path) -> None:
    """Kill the server of this home, if one runs."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)


def test_the_set_of_signals_does_not_depend_on_kills() -> None:
    home, seed = short_home(), 7
    choose = random.Random(seed)
    acknowledged = 0
    for lines in (300, 0, 40, 120):
        engine = run(home)
        assert engine.stdout is not None
        said = [engine.stdout.readline() for _ in range(lines + 1)]
        assert int(said[0]) >= acknowledged
        if choose.random() < 0.5:
            kill_postgres(home)
        engine.kill()
        said += engine.stdout.readlines()
        engine.stdout.close()
        engine.wait()
        acknowledged = max(int(line) for line in said if line.endswith("\n"))

    out, _ = run(home, "send what is left").communicate(timeout=60)

    total, sent = out.split()
    assert sent == "True"
    assert int(total) >= acknowledged
    stored = asyncio.run(_stored(home))
    assert stored == [signal_of(number).to_json() for number in range(int(total))], f"seed {seed}"
    shutil.rmtree(home)


async def _stored(home: Path) -> list[dict[str, object]]:
    async with session("", home, "alice") as reader:
        return await list_signals(reader, limit=10_000)
