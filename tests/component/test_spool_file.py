"""The spool on real disks: what was acknowledged is there after a kill, full and damaged disks are said and survived."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.errors import SpoolError, SpoolFull
from engine.signals.first_match import MatchState
from engine.signals.signal import Signal
from engine.signals.spool import Spool
from tests.homes import needs_root

ROOT = Path(__file__).resolve().parents[2]
TRADER = "55555555-5555-5555-5555-555555555555"


def signal_of(number: int, details: str = "") -> Signal:
    return Signal.found(
        user_id="alice",
        trader_id=TRADER,
        trader="t",
        trader_version=2,
        symbol="BTCUSDT",
        interval="1m",
        bar_open_ms=60_000 * number,
        price=number / 8,
        detected_ms=60_000 * number + 60_050,
        exchange="sim",
        details=details,
    )


async def opened(folder: Path, max_mb: int = 1_024) -> Spool:
    spool = Spool(folder, max_mb)
    await spool.open()
    return spool


async def test_signals_and_states_are_there_again_after_closing(tmp_path: Path) -> None:
    state = MatchState()
    state.apply(60_000, ["BTCUSDT", "ETHUSDT"], ["ETHUSDT"])
    spool = await opened(tmp_path / "spool")
    await spool.commit([signal_of(1), signal_of(2)], {(TRADER, 2): state.encode()})
    await spool.commit([signal_of(2), signal_of(3)], {(TRADER, 3): b"other"})
    await spool.close()

    spool = await opened(tmp_path / "spool")
    waiting = await spool.unsent(10)
    assert [spooled.signal for spooled in waiting] == [signal_of(1), signal_of(2), signal_of(3)]
    states = await spool.load_states()
    assert MatchState.decode(states[TRADER, 2]).is_matched("ETHUSDT")
    await spool.forget_states([(TRADER, 2)])
    assert await spool.load_states() == {(TRADER, 3): b"other"}
    await spool.close()


async def test_sent_signals_stay_for_a_while_and_are_pruned(tmp_path: Path) -> None:
    spool = await opened(tmp_path / "spool")
    await spool.commit([signal_of(number) for number in range(10)], {})
    waiting = await spool.unsent(10)
    await spool.mark_sent([spooled.sequence for spooled in waiting[:6]])
    await spool.set_aside(waiting[6].sequence, "refused")

    assert [spooled.signal for spooled in await spool.unsent(2)] == [signal_of(7), signal_of(8)]
    assert [spooled.signal for spooled in await spool.unsent(2, after=waiting[8].sequence)] == [signal_of(9)]
    counts = await spool.counts()
    assert (counts.unsent, counts.set_aside, counts.kept) == (3, 1, 10)
    assert counts.oldest_ms > 0
    assert [found.bar_open_ms for found in await spool.recent(2)] == [8 * 60_000, 9 * 60_000]

    assert await spool.prune(keep_s=3_600) == 0
    assert await spool.prune(keep_s=-1) == 6
    assert [found for found, _ in await spool.aside()] == [signal_of(6)]
    assert (await spool.counts()).kept == 4
    await spool.close()


async def test_commits_that_wait_together_are_all_answered(tmp_path: Path) -> None:
    spool = await opened(tmp_path / "spool")
    await asyncio.gather(*(spool.commit([signal_of(number)], {(TRADER, 2): b"%d" % number}) for number in range(500)))
    assert (await spool.counts()).unsent == 500
    assert await spool.load_states() == {(TRADER, 2): b"499"}
    await spool.close()
    with pytest.raises(SpoolError, match="closed"):
        await spool.commit([], {})


async def test_a_cancelled_commit_disturbs_nobody(tmp_path: Path) -> None:
    spool = await opened(tmp_path / "spool")
    tasks = [asyncio.create_task(spool.commit([signal_of(number)], {})) for number in range(10)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [asyncio.CancelledError]
    assert (await spool.counts()).unsent in (9, 10)
    await spool.close()


WRITER = """
import asyncio, sys
from pathlib import Path
from engine.signals.spool import Spool
from tests.component.test_spool_file import signal_of, TRADER

async def main():
    spool = Spool(Path(sys.argv[1]))
    await spool.open()
    number = int(sys.argv[2])
    while True:
        await spool.commit([signal_of(number), signal_of(number + 1)], {(TRADER, 2): b"%d" % (number + 1)})
        print(number + 1, flush=True)
        number += 2

asyncio.run(main())
"""


def test_a_kill_in_the_middle_of_commits_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    begin = 0
    for lines in (40, 1, 150):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, folder, str(begin)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split()
        process.stdout.close()
        process.wait()

        acknowledged = int(rest[-1]) if rest else begin + lines * 2 - 1
        found, state = asyncio.run(_content(folder))
        # Then all acknowledged signals are there, whole transactions only, and the state fits the signals
        assert len(found) >= acknowledged + 1
        assert found == [signal_of(number) for number in range(len(found))]
        assert len(found) % 2 == 0
        assert int(state) == len(found) - 1
        begin = len(found)


async def _content(folder: Path) -> tuple[list[Signal], bytes]:
    spool = await opened(folder)
    waiting, states = await spool.unsent(100_000), await spool.load_states()
    await spool.close()
    return [spooled.signal for spooled in waiting], states[TRADER, 2]


@pytest.fixture(params=["size=1m"])
def small_disk(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file system of its own, by default of one megabyte."""
    path = Path(tempfile.mkdtemp(prefix="engine-disk-", dir="/tmp"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", request.param, "tmpfs", path], capture_output=True, check=False)
    if mounted.returncode != 0:
        path.rmdir()
        pytest.skip("mounting is not permitted here")
    yield path
    subprocess.run(["umount", path], check=True)
    path.rmdir()


@needs_root
async def test_a_full_disk_is_named_and_the_spool_goes_on_by_itself_when_there_is_room(small_disk: Path) -> None:
    spool = await opened(small_disk / "spool")
    await spool.commit([signal_of(0)], {})
    # Given a disk that something else fills
    ballast = small_disk / "ballast"
    free = os.statvfs(small_disk)
    ballast.write_bytes(b"x" * (free.f_bavail * free.f_frsize - 100_000))

    refusal, done = await fill(spool, 1, 500)
    done += 1
    assert "disk is full" in str(refusal)
    # Then nothing acknowledged is gone, reading goes on, and more is refused by name again and again
    assert len(await spool.unsent(10_000)) == done
    refusal, more = await fill(spool, 20_000, 300_000)
    assert more == 0

    ballast.unlink()
    await spool.commit([signal_of(20_000)], {})
    assert len(await spool.unsent(10_000)) == done + 1
    await spool.close()
    assert len(await _content_of(small_disk / "spool")) == done + 1


async def fill(spool: Spool, first: int, size: int) -> tuple[SpoolFull, int]:
    """Commit signals of that size until the spool refuses; its refusal and how many it took."""
    for number in range(first, first + 10_000):
        try:
            await spool.commit([signal_of(number, '"' + "d" * size + '"')], {})
        except SpoolFull as refusal:
            return refusal, number - first
    raise AssertionError("the spool took everything")


async def _content_of(folder: Path) -> list[Signal]:
    spool = await opened(folder)
    waiting = await spool.unsent(100_000)
    await spool.close()
    return [spooled.signal for spooled in waiting]


async def test_the_bound_of_the_spool_is_kept_and_what_was_sent_makes_room(tmp_path: Path) -> None:
    spool = await opened(tmp_path / "spool", max_mb=1)
    refusal, stored = await fill(spool, 0, 3_000)
    assert "reached its bound: 1 MB" in str(refusal)
    assert 200 < stored < 400
    # States alone are still taken, and marks too, so that the writer can empty the spool
    await spool.commit([], {(TRADER, 2): b"state"})
    await spool.mark_sent([spooled.sequence for spooled in await spool.unsent(100)])
    await asyncio.sleep(0.002)

    await spool.commit([signal_of(5_000)], {})
    assert (await spool.counts()).unsent == stored - 100 + 1
    await spool.close()


async def test_a_damaged_file_is_moved_aside_and_not_deleted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "spool"
    spool = await opened(folder)
    await spool.commit([signal_of(number) for number in range(2_000)], {})
    await spool.close()
    with (folder / "signals.db").open("r+b") as file:
        file.seek(8_192)
        file.write(os.urandom(40_000))

    spool = await opened(folder)
    assert spool.damaged is not None
    assert spool.damaged.stat().st_size > 40_000
    assert "spool is damaged" in caplog.text
    await spool.commit([signal_of(1)], {})
    assert len(await spool.unsent(10)) == 1
    await spool.close()


async def test_a_file_that_is_no_database_is_moved_aside_too(tmp_path: Path) -> None:
    (tmp_path / "signals.db").write_text("these are not the bytes of a database" * 100)
    spool = await opened(tmp_path)
    assert spool.damaged is not None
    assert spool.damaged.read_text().startswith("these are not")
    await spool.close()


async def test_a_spool_of_a_newer_engine_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "signals.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(SpoolError, match="format 99, this one is 1"):
        await opened(tmp_path)


async def test_two_engines_cannot_use_one_spool(tmp_path: Path) -> None:
    spool = await opened(tmp_path)
    with pytest.raises(SpoolError, match="another process"):
        await opened(tmp_path)
    await spool.close()


@pytest.mark.parametrize("small_disk", ["ro"], indirect=True)
@needs_root
async def test_a_disk_that_may_only_be_read_is_named_with_advice(small_disk: Path) -> None:
    with pytest.raises(SpoolError, match="owner and mode"):
        await opened(small_disk)
    with pytest.raises(SpoolError, match="cannot be made"):
        await opened(small_disk / "below")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_directory_that_may_only_be_read_is_named_with_advice(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir(mode=0o500)
    with pytest.raises(SpoolError, match="owner and mode"):
        await opened(tmp_path / "spool")


@needs_root
async def test_a_spool_opens_on_a_disk_that_is_full_already(small_disk: Path) -> None:
    spool = await opened(small_disk / "spool")
    await spool.commit([signal_of(0)], {})
    await spool.close()
    with (small_disk / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while ballast.write(b"x" * 4_096):
            pass

    spool = await opened(small_disk / "spool")
    assert len(await spool.unsent(10)) == 1
    with pytest.raises(SpoolFull):
        await spool.commit([signal_of(1)], {})
    (small_disk / "ballast").unlink()
    await spool.commit([signal_of(1)], {})
    assert len(await spool.unsent(10)) == 2
    await spool.close()
