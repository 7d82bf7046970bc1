"""A trader from its first version to its end, in an engine that runs: changed, broken, mended, deleted by commands."""

import asyncio
import json
from pathlib import Path
from typing import Any

from engine.persistence import queries
from engine.persistence.door import session
from tests.process.test_engine_program import ask, engine, until
from tests.programs import environment, home, run

#: Asked each second; says in its details which version of the code it is.
CODE = """
refresh = "1s"
symbols = "top:5"
def check(ticker, klines, ta):
    close = klines["1s"].close
    return {{"made": {number}}} if close[-1] > ta.sma(close, 5)[-1] else False
"""
BROKEN = "def check(ticker, klines, ta):\n    import os\n    return os.getpid() > 0\n"


def command(path: Path, *words: str) -> dict[str, Any]:
    """The one object that a command prints with --json."""
    done = run("trader", *words, "--json", "--user", "alice", env=environment(path))
    assert done.process.returncode == 0, done.story()
    return json.loads("\n".join(done.out))


def store(path: Path, folder: Path, code: str) -> dict[str, Any]:
    (folder / "lively.py").write_text(code)
    return command(path, "add", str(folder / "lively.py"))


def overwrite(path: Path, code: str) -> None:
    """New code by a program that does not check it, as others may that write to the same table."""

    async def change() -> None:
        async with session("", path, "alice") as opened:
            (row,) = await queries.list_traders(opened)
            await queries.update_trader(opened, row["id"], {"filter": {"code": code}})

    asyncio.run(change())


def only(path: Path) -> dict[str, Any]:
    (trader,) = ask(path, "/traders")
    return trader


def test_a_trader_is_changed_broken_mended_and_deleted_while_the_engine_runs(tmp_path: Path):
    with home() as path, engine(path) as running:
        # Given a trader that finds something
        assert store(path, tmp_path, CODE.format(number=1))["version"] == 1
        running.wait_for('"made":1', 30, stream="out")
        # When its code changes, then the next version answers, and soon nothing comes of the first
        assert store(path, tmp_path, CODE.format(number=2))["version"] == 2
        running.wait_for('"made":2', 30, stream="out")
        assert only(path)["version"] == 2
        # When a version comes that is refused
        overwrite(path, BROKEN)
        refused = until(path, "/traders", lambda found: found[0]["refused"], 10)[0]
        # Then its place is told, by API, status and commands, and the one before it goes on
        assert (refused["state"], refused["version"]) == ("running", 2)
        place = {name: refused["refused"][name] for name in ("version", "line", "column", "construct")}
        assert place == {"version": 3, "line": 2, "column": 5, "construct": "os"}
        assert ask(path, "/status")["refused"]["lively"] == refused["refused"]
        listed = command(path, "list")
        assert (listed["version"], listed["running_version"]) == (3, 2)
        assert "line 2, column 5" in listed["problem"]
        shown = command(path, "show", "lively")
        assert shown["running"]["refused"] == refused["refused"]
        before = ask(path, "/status")["signals"]
        until(path, "/status", lambda found: found["signals"] > before + 3)
        assert only(path)["refused"] == refused["refused"]
        # When it is mended, then the new version answers and nothing is left of the refusal
        assert store(path, tmp_path, CODE.format(number=4))["version"] == 4
        running.wait_for('"made":4', 30, stream="out")
        mended = only(path)
        assert (mended["version"], mended["refused"], mended["problem"]) == (4, None, "")
        # When it is deleted, then nobody is asked any more
        command(path, "rm", "lively")
        until(path, "/traders", lambda found: found == [], 10)
        assert running.stop() == 0, running.story()
    versions = [json.loads(line)["trader_version"] for line in running.out]
    assert versions == sorted(versions)
    assert set(versions) == {1, 2, 4}
