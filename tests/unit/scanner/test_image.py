"""The file of machine code: what is believed of it, what becomes of it, and what may not be in it."""

import asyncio
import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.feeds import machine_code
from engine.feeds.gates import Gates
from engine.feeds.intake import Intake
from engine.scanner import image
from engine.scanner.image import Image, ScannerError
from tests.data import ROOT
from tests.frames import START_MS, World, frame, machine_code_image

FORMING = frame(START_MS, START_MS + 2_000)


def test_a_file_gives_back_what_was_kept_and_is_replaced_whole(tmp_path: Path) -> None:
    path = image.file_in(tmp_path / "deeper")
    image.write(Image(b"old", 0), path)
    image.write(Image(b"new code", 3), path)

    assert image.read(path) == Image(b"new code", 3)
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda _: b"", lambda data: data[:60] + b"\x90" + data[61:]])
def test_a_damaged_file_is_refused(tmp_path: Path, damage: object) -> None:
    path = image.file_in(tmp_path)
    image.write(machine_code_image(), path)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]

    with pytest.raises(ScannerError, match=r"damaged|short"):
        image.read(path)


def test_a_file_that_others_may_write_is_refused(tmp_path: Path) -> None:
    path = image.file_in(tmp_path)
    image.write(machine_code_image(), path)
    path.chmod(0o666)

    with pytest.raises(ScannerError, match="others may write"):
        image.read(path)


def test_a_pipe_in_place_of_the_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "scanner", 0o600)

    with pytest.raises(ScannerError, match="no file"):
        image.read(tmp_path / "scanner")


def test_nobody_who_guesses_names_turns_the_writing_elsewhere(tmp_path: Path) -> None:
    # Given a link where an engine that goes by its process id would write
    path, victim = image.file_in(tmp_path / "cache"), tmp_path / "victim"
    path.parent.mkdir()
    victim.write_text("precious")
    for name in (f"{path.name}.{os.getpid()}", path.name):
        (path.parent / name).symlink_to(victim)

    image.write(Image(b"code", 0), path)

    assert victim.read_text() == "precious"
    assert not path.is_symlink()
    assert (path.stat().st_mode & 0o777, image.read(path)) == (0o644, Image(b"code", 0))


def test_what_cannot_be_kept_leaves_nothing_behind(tmp_path: Path) -> None:
    path = image.file_in(tmp_path)
    path.mkdir()

    with pytest.raises(OSError, match="directory"):
        image.write(Image(b"code", 0), path)
    assert list(tmp_path.iterdir()) == [path]


def test_memory_with_code_is_never_writable() -> None:
    # Libraries that other tests have loaded may have such memory of their own.
    before = writable_code()
    world = World(compiled=True)
    try:
        assert writable_code() <= before
    finally:
        world.close()


def writable_code() -> set[str]:
    lines = (line.split() for line in Path("/proc/self/maps").read_text().splitlines())
    return {line[0] for line in lines if line[1].startswith("rwx")}


def test_only_bytes_are_taken() -> None:
    world = World(compiled=True)
    scan = world.gates.reader(machine_code_image())
    try:
        for thing in ("text", bytearray(FORMING), memoryview(FORMING), None, 3):
            with pytest.raises(TypeError):
                scan(thing)  # type: ignore[arg-type]
        assert scan(FORMING) is True
        assert scan(b"") is False
    finally:
        world.close()


def test_a_reader_outlives_its_gates_and_declines() -> None:
    # Given a reader whose gates are closed and whose candles are gone
    world = World(compiled=True)
    scan = world.gates.reader(machine_code_image())
    world.close()
    del world
    gc.collect()
    # Then
    assert [scan(FORMING) for _ in range(100)] == [False] * 100


def test_a_reader_leaks_nothing() -> None:
    world = World(compiled=True)
    scan = world.gates.reader(machine_code_image())
    try:
        counts = [sys.getrefcount(one) for one in (FORMING, True, False)]
        for _ in range(1000):
            scan(FORMING)
            scan(b"x")
        after = [sys.getrefcount(one) for one in (FORMING, True, False)]
        assert all(abs(one - other) < 50 for one, other in zip(counts, after, strict=True))
    finally:
        world.close()


def test_code_that_needs_something_outside_is_refused() -> None:
    code = """
from llvmlite import binding
from engine.scanner import emit
try:
    emit.linked(emit._object_file('declare i64 @foreign(i64)\\n'
        'define i64 @entry(i64 %a, i64 %b) { %r = call i64 @foreign(i64 %a) ret i64 %r }'))
except emit.ScannerError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=100, check=True)
    assert "outside itself" in done.stdout


# --- where it comes from ------------------------------------------------------------------------------------------------


@pytest.fixture
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file has been made before."""
    monkeypatch.setattr(image, "folders", list)


@pytest.mark.usefixtures("no_cache")
def test_a_child_makes_the_code_once_and_it_is_the_same_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given nothing kept; when the code is asked for
    first = asyncio.run(machine_code.obtain(tmp_path))
    # Then it is there, the next one starts no process, and a compiler makes the same of the same sources
    assert image.read(image.file_in(tmp_path)) == first == machine_code_image()
    monkeypatch.setattr(sys, "executable", "/nowhere")
    assert asyncio.run(machine_code.obtain(tmp_path)) == first


@pytest.mark.usefixtures("no_cache")
def test_the_child_runs_nothing_of_the_folder_in_which_the_engine_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given somebody's files under names that the compiler imports
    for name in ("numba", "struct", "engine"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('foreign code')")
    monkeypatch.chdir(tmp_path)

    assert asyncio.run(machine_code.obtain(tmp_path / "cache")) == machine_code_image()


@pytest.mark.usefixtures("no_cache")
@pytest.mark.parametrize("program", ["/nowhere", "/bin/false"])
def test_without_machine_code_frames_are_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a machine on which nothing can be compiled
    monkeypatch.setattr(sys, "executable", program)
    world = World(compiled=False)
    try:
        # When machine code is wished for, then it says so once, and goes on
        asyncio.run(world.intake.quicken(tmp_path))
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert world.intake.take(FORMING) is None
        assert (world.tally.forming, world.intake.quick, world.intake.frames) == (1, 0, 1)
    finally:
        world.close()


@pytest.mark.usefixtures("no_cache")
def test_a_child_that_is_not_waited_for_is_ended(tmp_path: Path) -> None:
    async def impatient() -> None:
        others = _children()
        task = asyncio.create_task(machine_code.obtain(tmp_path))
        # A child that has begun is seen from outside only.
        while not (children := _children() - others):  # noqa: ASYNC110
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert not children & _children()

    asyncio.run(impatient())


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


# --- gates --------------------------------------------------------------------------------------------------------------


def test_names_that_json_would_write_otherwise_go_the_ordinary_way() -> None:
    # Given symbols that no reader could tell by their bytes, and one that is too long for its table
    names = ('A"B', "A\\B", "ÄÖ", "L" * 60)
    segment = Segment.create(8, 1, 8)
    writer = Writer(segment)
    gates = Gates(writer)
    try:
        for number, name in enumerate(names):
            stream = f"{name.lower()}@kline_1m"
            gates.gate(stream, number, 0).expected_ms = START_MS
            assert not gates.reader(machine_code_image())(frame(START_MS, START_MS, stream=stream))
        assert gates.taken == 0
    finally:
        gates.close()
        segment.close()


def test_a_series_that_comes_again_finds_its_gate_shut() -> None:
    world = World(compiled=True)
    try:
        world.intake.take(FORMING)
        world.series[0].end()
        assert world.gates.gate("btcusdt@kline_1m", 0, 0).event_ms == 0
        world.intake.streams.clear()

        assert world.intake.take(FORMING) is None

        assert (world.intake.quick, world.intake.unwanted) == (1, 1)
    finally:
        world.close()


def test_without_gates_there_is_no_reader() -> None:
    with pytest.raises(ScannerError):
        Intake().use(machine_code_image())
