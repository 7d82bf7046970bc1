"""The engine as a program: what it says, how it ends, and what becomes of it when its surroundings fail.

Every engine here runs on a home of its own with its own simulator; nothing outlives a test.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.persistence import queries
from engine.persistence.door import session
from engine.traders.store import new_row
from tests.homes import needs_root
from tests.programs import Program, environment, home, program, run, simulator

#: Asked about every second; matches some of the symbols some of the time.
LIVELY = """
refresh = "1s"
symbols = "top:20"
def check(ticker, klines, ta):
    close = klines["1s"].close
    return {"last": ticker.last} if close[-1] > ta.sma(close, 5)[-1] else False
"""
ENDLESS = """
refresh = "1s"
symbols = "top:2"
def check(ticker, klines, ta):
    while True:
        klines["1s"]
"""
WRONG = """
refresh = "1s"
symbols = "top:2"
def check(ticker, klines, ta):
    return [1, 2, 3] if ticker.symbol < "M" else klines["1s"].close[10_000_000]
"""
FORBIDDEN = 'def check(ticker, klines, ta):\n    return open("/etc/passwd").read()\n'


def add_traders(path: Path, user: str, **filters: str) -> None:
    async def add() -> None:
        async with session("", path, user) as opened:
            for name, code in filters.items():
                await queries.add_trader(opened, new_row(user, name, code))

    asyncio.run(add())


@contextmanager
def engine(path: Path, *arguments: str, **settings: str) -> Iterator[Program]:
    """An engine for alice with few symbols, running; its traders may find as much as they like unless it is told otherwise."""
    usual = {"ENGINE_SYMBOLS": "20", "ENGINE_PAUSE_SIGNALS_PER_HOUR": "0", "ENGINE_STOP_SIGNALS_PER_HOUR": "0"}
    env = environment(path, ENGINE_HTTP="127.0.0.1:0", **(usual | settings))
    with program("run", "--user", "alice", "--json", *arguments, env=env) as running:
        running.wait_for("engine runs", 60)
        yield running


def ask(path: Path, what: str, body: dict[str, Any] | None = None) -> Any:
    address = json.loads((path / "run" / "engine.json").read_text())["http"]
    headers = {"Authorization": f"Bearer {(path / 'token').read_text()}"}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(f"http://{address}{what}", data, headers), timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        # An unhealthy engine answers too.
        if error.code != 503:
            raise
        with error:
            return json.load(error)


def until(path: Path, what: str, condition: Any, timeout_s: float = 30) -> Any:
    """The first answer that fulfils the condition; an AssertionError with the last one otherwise."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        found = ask(path, what)
        if condition(found):
            return found
        assert time.monotonic() < deadline_s, f"{what} stayed {found}"
        time.sleep(0.1)


def family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def stored_ids(path: Path) -> list[str]:
    async def read() -> list[str]:
        async with session("", path, "alice") as opened:
            return [row["id"] for row in await queries.list_signals(opened, limit=10_000)]

    return asyncio.run(read())


def test_a_run_tells_its_state_prints_signals_stores_them_and_leaves_nothing_behind():
    with home() as path:
        add_traders(path, "alice", lively=LIVELY)
        with engine(path) as running:
            running.wait_for('"trader":"lively"', 30, stream="out")
            until(path, "/health", lambda found: found["state"] == "healthy")
            status = ask(path, "/status")
            assert status["workers"]["ready"] == status["workers"]["target"] == len(status["workers"]["pids"])
            assert status["traders"] == {"running": 1, "paused": 0, "waiting": 0, "refused": 0}
            assert not status["exchange"]["real"]
            processes = family(running.process.pid)
            assert len(processes) >= 5
            # When it is asked to stop
            assert running.stop() == 0, running.story()
        # Then every process is gone, and what was printed is what is stored
        _, alive = psutil.wait_procs(processes, timeout=5)
        assert alive == []
        printed = [json.loads(line)["id"] for line in running.out]
        assert len(set(printed)) == len(printed)
        assert set(printed) == set(stored_ids(path))
        assert not (path / "run" / "engine.json").exists()


def test_a_killed_engine_takes_all_its_processes_along():
    with home() as path:
        add_traders(path, "alice", lively=LIVELY)
        with engine(path) as running:
            processes = family(running.process.pid)
            running.process.kill()
            _, alive = psutil.wait_procs(processes, timeout=10)
            assert alive == []


def test_a_second_engine_on_the_same_home_is_refused_by_name():
    with home() as path, engine(path) as running:
        second = run("run", "--user", "bob", env=environment(path, ENGINE_HTTP="off"))
        assert second.wait() == 1
        assert f"another engine runs on this home: {path} (pid {running.process.pid})" in second.err[-1]


def test_a_port_in_use_is_named_and_ends_the_start():
    with home() as path, socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = run("run", "--user", "alice", "--http", address, env=environment(path))
    assert ended.wait() == 1
    assert ended.err[-1].startswith(f"error: http address is in use: {address}")


@pytest.mark.parametrize(
    ("settings", "arguments", "code", "words"),
    [
        ({"ENGINE_WORKRES": "2"}, (), 3, "unknown setting: ENGINE_WORKRES: did you mean ENGINE_WORKERS?"),
        ({}, ("--workers", "0"), 3, "number of workers is refused: 0"),
        ({}, ("--symbols", "BTCUSDT,NOPE"), 3, "unknown symbol: NOPE"),
        ({"BINANCE_API_URL": "http://127.0.0.1:9", "ENGINE_REST_RETRIES": "1"}, (), 4, "exchange does not answer"),
        ({"DATABASE_URL": "postgresql://u:secret-word@127.0.0.1:9/x"}, (), 5, "database cannot be reached"),
        ({}, ("--no-such-option",), 2, "No such option"),
    ],
)
def test_what_keeps_it_from_starting_is_one_line_with_its_own_exit_code(settings, arguments, code, words):
    with home() as path:
        ended = run("run", "--user", "alice", "--http", "off", *arguments, env=environment(path, **settings))
    assert ended.wait() == code, ended.story()
    assert words in ended.err[-1]
    assert ended.err[-1].startswith("error: ")
    assert "secret-word" not in ended.story()
    assert "Traceback" not in ended.story()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_start_ends_it_in_order(number):
    with home() as path, program("run", "--user", "alice", "--http", "off", env=environment(path)) as starting:
        starting.wait_for("exchange: starting", 30)
        processes = family(starting.process.pid)
        code = starting.stop(number)
        assert code == (130 if number == signal.SIGINT else 0), starting.story()
        assert psutil.wait_procs(processes, timeout=5)[1] == []


def test_killed_workers_are_replaced_and_cycles_go_on():
    with home() as path:
        add_traders(path, "alice", lively=LIVELY)
        with engine(path, ENGINE_WORKERS="2") as running:
            running.wait_for('"trader":"lively"', 30, stream="out")
            before = ask(path, "/status")["workers"]["pids"]
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            healed = until(
                path, "/status", lambda found: found["workers"]["ready"] == 2 and not set(found["workers"]["pids"]) & set(before)
            )
            until(path, "/status", lambda found: found["cycles"]["count"] > healed["cycles"]["count"] + 2)
            assert ask(path, "/traders")[0]["state"] == "running"


def test_workers_come_and_go_when_an_operator_asks():
    with home() as path, engine(path, ENGINE_WORKERS="1"):
        env = environment(path)
        assert run("resize", "3", env=env).out == ["3 workers are ready"]
        assert len(ask(path, "/status")["workers"]["pids"]) == 3
        assert run("resize", "1", env=env).out == ["1 workers are ready"]
        refused = run("resize", "99", env=env)
        assert refused.wait() == 1
        assert "99" in refused.err[-1]


def test_one_bad_filter_is_told_to_its_owner_and_disturbs_no_other():
    with home() as path:
        add_traders(path, "alice", lively=LIVELY, endless=ENDLESS, wrong=WRONG, forbidden=FORBIDDEN)
        with engine(path, ENGINE_FILTER_SOFT_LIMIT_MS="50") as running:
            running.wait_for('"trader":"lively"', 30, stream="out")
            traders = until(path, "/traders", lambda found: {one["name"]: one["state"] for one in found}["endless"] == "paused")
            by_name = {one["name"]: one for one in traders}
            assert "CPU" in by_name["endless"]["paused"] or "deadline" in by_name["endless"]["paused"]
            assert by_name["forbidden"]["state"] == "refused"
            assert "line 2" in by_name["forbidden"]["problem"]
            assert "open" in by_name["forbidden"]["problem"]
            assert by_name["wrong"]["faults"] > 0
            assert by_name["lively"]["state"] == "running"
            assert ask(path, "/health")["state"] == "degraded"
            count = ask(path, "/status")["cycles"]["count"]
            until(path, "/status", lambda found: found["cycles"]["count"] > count + 2)


def test_a_trader_that_is_added_changed_and_removed_while_it_runs_is_followed_within_a_second():
    with home() as path, engine(path) as running:
        add_traders(path, "alice", lively=LIVELY)
        running.wait_for('"trader":"lively"', 20, stream="out")

        async def change(code: str | None) -> None:
            async with session("", path, "alice") as opened:
                (row,) = await queries.list_traders(opened)
                if code is None:
                    await queries.remove_trader(opened, row["id"])
                else:
                    await queries.update_trader(opened, row["id"], {"filter": {"code": code}})

        asyncio.run(change(FORBIDDEN))
        refused = until(path, "/traders", lambda found: found[0]["problem"], 5)
        assert refused[0]["state"] == "running"
        assert refused[0]["version"] == 1
        asyncio.run(change(LIVELY.replace("top:20", "top:3")))
        until(path, "/traders", lambda found: found[0]["version"] == 3 and found[0]["symbols"] == 3, 5)
        asyncio.run(change(None))
        until(path, "/traders", lambda found: found == [], 5)
        until(path, "/status", lambda found: sum(found["series"].values()) == 0, 5)


def test_a_database_that_is_killed_comes_back_and_has_every_signal():
    with home() as path:
        add_traders(path, "alice", lively=LIVELY)
        with engine(path) as running:
            running.wait_for('"trader":"lively"', 30, stream="out")
            (postmaster,) = [one for one in psutil.Process(running.process.pid).children() if one.name() == "postgres"]
            postmaster.kill()
            printed = len(running.out)
            until(path, "/status", lambda found: found["signals"] > printed + 5)
            until(path, "/health", lambda found: found["components"]["database"]["state"] == "ok")
            assert running.stop() == 0, running.story()
        assert {json.loads(line)["id"] for line in running.out} == set(stored_ids(path))


def test_an_exchange_that_goes_away_and_comes_back_costs_no_close():
    # Given an engine on a simulator that is not its child
    with home() as path:
        add_traders(path, "alice", lively=LIVELY)
        with simulator("--seed", "3") as exchange, engine(path, **exchange.env) as running:
            running.wait_for('"trader":"lively"', 30, stream="out")
            # When the exchange stands still for longer than a connection may be silent
            os.kill(exchange.pid, signal.SIGSTOP)
            stuck = until(path, "/health", lambda found: found["components"]["feeds"]["state"] != "ok", 40)
            assert stuck["components"]["feeds"]["reason"]
            os.kill(exchange.pid, signal.SIGCONT)
            # Then the series are live again and signals go on
            until(path, "/health", lambda found: found["components"]["feeds"]["state"] == "ok", 60)
            seen = ask(path, "/status")["signals"]
            until(path, "/status", lambda found: found["signals"] > seen, 30)


def fill_up(filler: Path) -> None:
    """Write until the file system takes no more."""
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4_096)


@needs_root
def test_a_full_disk_under_the_spool_is_named_and_nothing_is_told_that_is_not_stored():
    with home() as path:
        add_traders(path, "alice", lively=LIVELY)
        (path / "spool").mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", path / "spool"], capture_output=True, check=False
        )
        if mounted.returncode:
            pytest.skip("this machine does not let root mount a file system")
        try:
            with engine(path) as running:
                running.wait_for('"trader":"lively"', 30, stream="out")
                # When the disk fills up
                filler = path / "spool" / "filler"
                fill_up(filler)
                health = until(path, "/health", lambda found: found["components"]["spool"]["state"] == "degraded", 40)
                assert "disk" in health["components"]["spool"]["reason"]
                told = len(running.out)
                # And room comes back
                filler.unlink()
                until(path, "/health", lambda found: found["components"]["spool"]["state"] == "ok")
                until(path, "/status", lambda found: found["signals"] > told)
                assert running.stop() == 0, running.story()
            printed = {json.loads(line)["id"] for line in running.out}
        finally:
            subprocess.run(["umount", "-l", path / "spool"], check=True)
        assert printed == set(stored_ids(path))
