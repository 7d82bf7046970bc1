"""Sockets, status slots, the nursery's environment and its failures, the size of the machine: the pool's parts by themselves."""

import asyncio
import math
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine.base.errors import AddressInUse, HomeError, LayoutMismatch, SettingsError, WireError, WorkerBootFailed
from engine.pool.liveness import Boots, Watch, cause_of
from engine.pool.pool import Pool
from engine.pool.process import NurseryOptions, clean_environment
from engine.pool.resize import cpu_count, parse_cfs, parse_cgroup_path, parse_cpu_max, quota, workers_wished
from engine.wire.slots import IDLE, SLOT_BYTES, Slots
from engine.wire.sockets import Dealer, Router, endpoint_for, identity_of, parse_identity
from tests.component.pool_bench import FAKE, WAIT_S


async def receive(router: Router) -> list[tuple[bytes, bytes]]:
    async with asyncio.timeout(WAIT_S):
        while not (messages := router.receive_all()):  # noqa: ASYNC110 (nothing to wait for)
            await asyncio.sleep(0.002)
    return messages


async def test_messages_go_both_ways_and_name_slot_and_generation(tmp_path: Path) -> None:
    endpoint = endpoint_for(tmp_path)
    router, dealer = Router(endpoint), Dealer(endpoint, identity_of(3, 70_000))
    dealer.send(b"hello")
    ((identity, data),) = await receive(router)
    assert (parse_identity(identity), data) == ((3, 70_000), b"hello")
    assert router.send(identity, b"answer")
    assert dealer.receive(5_000) == b"answer"
    assert dealer.receive(1) is None
    assert not router.send(identity_of(4, 1), b"nobody is there")
    dealer.close()
    router.close()
    assert not (tmp_path / "run" / "workers.sock").exists()


async def test_messages_of_several_parts_are_dropped_and_counted(tmp_path: Path) -> None:
    import zmq

    endpoint = endpoint_for(tmp_path)
    router = Router(endpoint)
    context = zmq.Context()
    stranger = context.socket(zmq.DEALER)
    stranger.setsockopt(zmq.IDENTITY, identity_of(1, 1))
    stranger.setsockopt(zmq.LINGER, 1000)
    stranger.connect(endpoint)
    stranger.send_multipart([b"a", b"b"])
    stranger.send(b"one")
    assert [data for _, data in await receive(router)] == [b"one"]
    assert router.foreign_frames == 1
    stranger.close()
    context.term()
    router.close()


def test_a_stale_socket_file_is_removed_and_a_living_engine_is_not_disturbed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "workers.sock").touch()
    router = Router(endpoint_for(tmp_path))
    with pytest.raises(AddressInUse):
        endpoint_for(tmp_path)
    router.close()
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700


def test_a_home_with_a_long_path_meets_its_workers_in_a_private_place(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    endpoint = endpoint_for(deep)
    path = Path(endpoint.removeprefix("ipc://"))
    assert len(bytes(path)) <= 107
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert endpoint_for(deep) == endpoint
    assert endpoint_for(deep / "other") != endpoint
    path.parent.rmdir()
    path.parent.symlink_to(tmp_path)
    with pytest.raises(HomeError):
        endpoint_for(deep)
    path.parent.unlink()


@pytest.mark.parametrize("identity", [b"", b"w", b"x\0\0\0\0\0\0", b"w\0\0\0\0\0\0\0"])
def test_foreign_identities_are_refused(identity: bytes) -> None:
    with pytest.raises(WireError):
        parse_identity(identity)


def test_a_worker_can_reach_its_own_slot_and_no_other() -> None:
    slots = Slots.create(3)
    slots.writer(0).begin(1, 2, 3)
    # Given the one that a worker maps
    own = Slots.own(slots.fd, 1)
    own.begin(4, 5, 6)
    assert [slots.read(slot) for slot in range(3)] == [(1, 2, 3), (4, 5, 6), IDLE]
    # Then its memory begins and ends with it
    (lines,) = [
        line
        for line in Path("/proc/self/maps").read_text().splitlines()
        if line.split()[2] == f"{SLOT_BYTES:08x}" and "engine-slots" in line
    ]
    first, end = (int(part, 16) for part in lines.split()[0].split("-"))
    assert end - first == SLOT_BYTES
    with pytest.raises(LayoutMismatch):
        Slots.own(slots.fd, 3)
    slots.close()


def test_a_slot_tells_what_its_worker_did_last() -> None:
    slots = Slots.create(3)
    other = Slots.attach(os.dup(slots.fd))
    writer = other.writer(1)
    writer.begin(2**63, 7, 12345)
    assert slots.read(1) == (2**63, 7, 12345)
    assert (slots.read(0), slots.read(2)) == (IDLE, IDLE)
    slots.clear(1)
    assert other.read(1) == IDLE
    with pytest.raises(LayoutMismatch):
        slots.writer(3)
    slots.close()
    other.close()
    odd = os.memfd_create("odd")
    os.ftruncate(odd, 65)
    with pytest.raises(LayoutMismatch):
        Slots.attach(odd)
    os.close(odd)


def test_a_nursery_sees_nothing_that_could_be_a_secret() -> None:
    environ = {
        "PATH": "/bin",
        "LANG": "C.UTF-8",
        "HOME": "/root",
        "DATABASE_URL": "postgres://u:p@h/d",
        "FLY_API_TOKEN": "t",
        "ENGINE_API_TOKEN": "t",
        "AWS_SECRET": "s",
        "NUMBA_CACHE_DIR": "/cache",
        "NUMBA_API_TOKEN": "t",
        "PYTHONSTARTUP": "x.py",
        "PYTHON_KEYRING_BACKEND": "k",
        "PYTHONHASHSEED": "0",
    }
    kept = clean_environment(environ)
    assert set(kept) == {
        *("PATH", "LANG", "NUMBA_CACHE_DIR", "PYTHONHASHSEED", "PYTHONPATH"),
        *("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"),
    }
    assert (Path(kept["PYTHONPATH"]) / "engine").is_dir()


class Ears:
    """Hears what the pool tells."""

    def __init__(self) -> None:
        self.pids: dict[int, int] = {}
        self.ends: list[tuple[int, int, str]] = []
        self.news = asyncio.Event()

    def forked(self, slot: int, _generation: int, pid: int) -> None:
        self.pids[slot] = pid
        self.news.set()

    def stocked(self) -> None:
        self.news.set()

    def lost(self, slot: int, generation: int, cause: str) -> None:
        self.ends.append((slot, generation, cause))
        self.news.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(WAIT_S):
            while len(self.ends) < count:
                self.news.clear()
                await self.news.wait()


@pytest.fixture
def options(tmp_path: Path):
    slots, candles = Slots.create(4), os.memfd_create("candles")
    yield NurseryOptions(endpoint_for(tmp_path), candles, slots.fd, 500, FAKE)
    slots.close()
    os.close(candles)


def runs(pid: int) -> bool:
    """Whether it is there and not merely waiting to be reaped by the system's first process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def null_log(_name: str) -> int:
    return os.open("/dev/null", os.O_WRONLY)


async def test_a_nursery_that_never_becomes_warm_is_given_up(options: NurseryOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    options = replace(options, program=(*FAKE, "--dies"))
    monkeypatch.setattr("engine.pool.pool.Boots", lambda: Boots(first_pause_s=0.01))
    broken: list[WorkerBootFailed] = []
    pool = Pool(options, null_log, on_broken=broken.append)
    pool.start(Ears())
    with pytest.raises(WorkerBootFailed, match=r"5 times in a row.*code 70"):
        await asyncio.wait_for(pool.warm(), WAIT_S)
    assert len(broken) == 1
    assert pool.nursery_starts == 5
    await pool.stop(1.0)


async def test_a_program_that_does_not_exist_is_given_up(options: NurseryOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.pool.pool.Boots", lambda: Boots(first_pause_s=0.01))
    missing = NurseryOptions(options.endpoint, options.candles_fd, options.slots_fd, 500, ("/no/such/program",))
    pool = Pool(missing, null_log)
    pool.start(Ears())
    with pytest.raises(WorkerBootFailed, match="cannot be started"):
        await asyncio.wait_for(pool.warm(), WAIT_S)
    await pool.stop(1.0)


async def test_each_death_is_told_once_with_its_cause(options: NurseryOptions) -> None:
    pool, ears = Pool(options, null_log), Ears()
    pool.start(ears)
    for slot in range(4):
        pool.spawn(slot, 1)
    async with asyncio.timeout(WAIT_S):
        while len(ears.pids) < 4:
            ears.news.clear()
            await ears.news.wait()
    for slot, number in enumerate((signal.SIGKILL, signal.SIGSEGV)):
        os.kill(ears.pids[slot], number)
    pool.kill(2, 1)
    pool.kill(2, 1)
    pool.kill(9, 9)
    await ears.until(3)
    await pool.stop(2.0)
    assert sorted(ears.ends) == [(0, 1, "killed"), (1, 1, "crash"), (2, 1, "killed"), (3, 1, "nursery")]
    assert pool.nursery_pid is None
    assert not any(runs(pid) for pid in ears.pids.values())


async def test_a_worker_that_is_not_wanted_any_more_before_the_nursery_is_warm_is_never_made(options: NurseryOptions) -> None:
    pool, ears = Pool(options, null_log), Ears()
    pool.start(ears)
    pool.spawn(0, 1)
    pool.kill(0, 1)
    assert ears.ends == [(0, 1, "killed")]
    await asyncio.wait_for(pool.warm(), WAIT_S)
    assert not ears.pids
    await pool.stop(2.0)


async def test_a_process_is_watched_by_descriptor() -> None:
    died = asyncio.Event()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    watch = Watch(process.pid, died.set)
    assert watch.alive
    watch.kill()
    await asyncio.wait_for(died.wait(), WAIT_S)
    assert not watch.alive
    watch.kill()
    await process.communicate()
    with pytest.raises(ProcessLookupError):
        Watch(process.pid, died.set)


def test_causes_of_death_have_names() -> None:
    assert [cause_of(status) for status in (0, -9, None, -11, 1, 70, 71)] == [
        *("left", "killed", "killed", "crash", "crash", "boot", "unreachable")
    ]


def test_boots_pause_longer_each_time_and_end() -> None:
    boots = Boots(failures_max=4, first_pause_s=1.0)
    assert [boots.failed() for _ in range(4)] == [1.0, 2.0, 4.0, None]
    boots.succeeded()
    assert boots.failed() == 1.0


def test_quotas_are_read_as_the_kernel_writes_them() -> None:
    assert parse_cpu_max("200000 100000\n") == 2.0
    assert parse_cpu_max("max 100000\n") == math.inf
    assert parse_cpu_max("") == math.inf
    assert parse_cfs("150000\n", "100000\n") == 1.5
    assert parse_cfs("-1\n", "100000\n") == math.inf
    assert parse_cgroup_path("1:cpu:/old\n0::/a/b\n") == "/a/b"
    assert parse_cgroup_path("1:cpu:/old\n") == "/"
    assert [cpu_count(8, q) for q in (math.inf, 2.5, 0.5, 16.0)] == [8, 2, 1, 8]


def test_the_tightest_quota_on_the_way_to_the_root_counts(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("0::/a/b\n")
    (tmp_path / "fs" / "a" / "b").mkdir(parents=True)
    (tmp_path / "fs" / "a" / "cpu.max").write_text("300000 100000")
    (tmp_path / "fs" / "a" / "b" / "cpu.max").write_text("max 100000")
    assert quota(tmp_path / "fs", own) == 3.0
    (tmp_path / "fs" / "cpu").mkdir()
    (tmp_path / "fs" / "cpu" / "cpu.cfs_quota_us").write_text("200000")
    (tmp_path / "fs" / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert quota(tmp_path / "fs", own) == 2.0
    assert quota(tmp_path / "nothing", own) == math.inf


def test_the_wished_size_is_within_bounds() -> None:
    assert workers_wished("auto", 8, 12) == 8
    assert workers_wished("auto", 8, 2) == 2
    assert workers_wished("3", 8, 2) == 3
    for wrong in ("0", "9"):
        with pytest.raises(SettingsError):
            workers_wished(wrong, 8, 2)
