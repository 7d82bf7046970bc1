"""Traders that misbehave under the real engine: stopped with a reason, told everywhere, resumed by their owner."""

import asyncio
from pathlib import Path
from typing import Any

from engine.persistence.door import session
from tests.process.test_engine_program import add_traders, ask, engine, until
from tests.programs import environment, home, run

#: Changes its mind about every symbol each second.
FLOODING = """
refresh = "1s"
symbols = "top:20"
def check(ticker, klines, ta):
    return klines["1s"].open_time[-1] // 1000 % 2 == 0
"""
#: Says yes to everything, once and for all.
STEADY = """
refresh = "1s"
symbols = "top:20"
def check(ticker, klines, ta):
    return klines["1s"].close[-1] > 0
"""


def state_of(found: list[dict[str, Any]], name: str) -> str:
    return {one["name"]: one["state"] for one in found}[name]


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    async def read() -> list[tuple[Any, ...]]:
        async with session("", path, "alice") as opened, opened.use("look") as connection:
            return list(await (await connection.execute(query)).fetchall())

    return asyncio.run(read())


def test_a_flooding_trader_is_paused_told_kept_over_a_restart_and_resumed() -> None:
    with home() as path:
        env = environment(path, ENGINE_USER="alice")
        # Given a trader that floods, and one that finds all its symbols at its start and then nothing
        add_traders(path, "alice", flooding=FLOODING, steady=STEADY)
        with engine(path, ENGINE_PAUSE_SIGNALS_PER_HOUR="15") as running:
            # When it has found too much
            traders = until(path, "/traders", lambda found: state_of(found, "flooding") == "paused")
            # Then its owner is told why, since when, and what to do; the other is not blamed for its start
            pause = {one["name"]: one["pause"] for one in traders}["flooding"]
            assert pause["kind"] == "flood"
            assert pause["reason"] == "more than 15 signals in an hour"
            assert "engine trader resume" in pause["advice"]
            assert state_of(traders, "steady") == "running"
            until(path, "/status", lambda found: found["signals"] >= 40)
            running.wait_for("trader flooding is paused: more than 15 signals", 5)
            assert "flooding" in ask(path, "/status")["paused"]
            status = "\n".join(run("status", env=env).out)
            assert "more than 15 signals in an hour" in status
            listed = "\n".join(run("trader", "list", env=env).out)
            assert "more than 15 signals in an hour" in listed
            event = "SELECT type, severity, reason, details->>'trader' FROM cloud_events"
            assert rows(path, event) == [("trader_paused", "warning", "more than 15 signals in an hour", "flooding")]
            assert running.stop() == 0, running.story()
        with engine(path, ENGINE_PAUSE_SIGNALS_PER_HOUR="0") as running:
            # And the next engine keeps the pause
            until(path, "/traders", lambda found: state_of(found, "steady") == "running")
            assert state_of(ask(path, "/traders"), "flooding") == "paused"
            before = rows(path, "SELECT count(*) FROM signals WHERE trader = 'flooding'")
            # Until its owner resumes it: then it finds more, with the version it had
            assert run("trader", "resume", "flooding", env=env).out == ["flooding is resumed"]
            until(path, "/traders", lambda found: state_of(found, "flooding") == "running", 10)
            running.wait_for('"trader":"flooding"', 20, stream="out")
            assert {one["version"] for one in ask(path, "/traders")} == {1}
            assert running.stop() == 0, running.story()
        assert rows(path, "SELECT count(*) FROM signals WHERE trader = 'flooding'") > before
        assert rows(path, "SELECT count(*) FROM trader_pauses") == [(0,)]


def test_the_circuit_breaker_stores_nothing_beyond_its_bound_and_waits_for_its_owner() -> None:
    with home() as path:
        env = environment(path, ENGINE_USER="alice")
        add_traders(path, "alice", flooding=FLOODING)
        limits = {"ENGINE_PAUSE_SIGNALS_PER_HOUR": "0", "ENGINE_STOP_SIGNALS_PER_HOUR": "30"}
        with engine(path, **limits) as running:
            traders = until(path, "/traders", lambda found: state_of(found, "flooding") == "paused")
            assert traders[0]["pause"]["kind"] == "breaker"
            assert "not stored" in traders[0]["pause"]["reason"]
            # A new version does not start it again
            assert run("trader", "disable", "flooding", env=env).wait() == 0
            assert run("trader", "enable", "flooding", env=env).wait() == 0
            until(path, "/traders", lambda found: len(found) == 1)
            assert ask(path, "/traders")[0]["state"] == "paused"
            assert running.stop() == 0, running.story()
        # What was found before stays: the first answers, which do not count, and thirty more
        assert rows(path, "SELECT count(*) <= 50 AND count(*) >= 30 FROM signals") == [(True,)]
        # Without an engine it can be resumed as well, and the next one runs it
        assert run("trader", "resume", "flooding", env=env).out == ["flooding is resumed"]
        with engine(path, ENGINE_PAUSE_SIGNALS_PER_HOUR="0"):
            until(path, "/traders", lambda found: state_of(found, "flooding") == "running")
            # And over HTTP it is no error to resume one that runs
            found = ask(path, "/traders/flooding/resume", {})
            assert found["resumed"] is False
