"""Commands that talk to an engine that runs: they find it by its home, with its token, and show what it says."""

import json
from pathlib import Path

import pytest

from tests.programs import environment, home, program, run

CODE = 'refresh = "1s"\nsymbols = "top:3"\n\n\ndef check(ticker, klines, ta):\n    return ticker.last > 0\n'


@pytest.mark.timeout(180)
def test_state_traders_and_signals_of_a_running_engine_are_shown_by_commands_beside_it(tmp_path: Path):
    file = tmp_path / "every.py"
    file.write_text(CODE)
    with home() as path:
        env = environment(path, ENGINE_HTTP="127.0.0.1:0", ENGINE_SYMBOLS="5", ENGINE_USER="alice")
        assert run("trader", "add", str(file), env=env).process.returncode == 0
        with program("run", "--json", env=env) as engine:
            first = json.loads(engine.wait_for("every", 90, stream="out"))
            # The state has what the contract names
            status = json.loads("\n".join(run("status", "--json", env=env).out))
            assert {
                *("state", "user", "pid", "since", "workers", "symbols", "intervals", "series", "traders", "signals", "cycles"),
                *("exchange", "database", "spool", "sandbox"),
            } <= status.keys()
            assert (status["state"], status["user"], status["pid"]) == ("running", "alice", engine.process.pid)
            assert status["workers"].keys() >= {"target", "ready", "pids"}
            assert status["series"].keys() >= {"live", "repairing", "stale", "no_data"}
            assert status["traders"].keys() >= {"running", "paused", "waiting"}
            assert status["cycles"].keys() >= {"p50_ms", "p99_ms"}
            # And is shown to people, who are told that nothing is real
            text = "\n".join(run("status", env=env).out)
            assert "running for alice" in text
            assert "NOT REAL" in text
            # Traders show how they do
            (listed,) = (json.loads(line) for line in run("trader", "list", "--json", env=env).out)
            assert listed["state"] == "running"
            shown = json.loads("\n".join(run("trader", "show", "every", "--json", env=env).out))
            assert shown["running"]["matches"] > 0
            # Signals come from the same server
            stored = [json.loads(line) for line in run("signals", "--json", env=env).out]
            assert first in stored
            assert engine.stop() == 0
        # And when it has stopped, that is said
        gone = run("status", env=env)
        assert gone.process.returncode == 1
        assert gone.err == [
            f"error: no engine runs on this home: {path}: start one with: engine run --user U, or name its home with --home"
        ]
