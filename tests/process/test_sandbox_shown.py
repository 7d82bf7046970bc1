"""What an engine does, and says, where the kernel does not offer all that locks workers down; tried on a kernel that refuses."""

import json
import re
import sys
import urllib.request
from pathlib import Path

import pytest

from engine.supervisor.sandbox import UNSANDBOXED
from engine.wire.measures import LANDLOCK, SECCOMP
from tests.process.test_engine_program import LIVELY, add_traders, ask, until
from tests.programs import Program, environment, home, program, run

pytestmark = pytest.mark.timeout(240)


def refusing(calls: str) -> tuple[str, ...]:
    """A launcher for a kernel that answers these calls with an error."""
    return sys.executable, "-m", "tests.refusals", calls


NO_SECCOMP = refusing("seccomp=EPERM")
NO_LANDLOCK = refusing("landlock_create_ruleset=ENOSYS")


def settings(path: Path, **extra: str) -> dict[str, str]:
    return environment(path, ENGINE_HTTP="127.0.0.1:0", ENGINE_SYMBOLS="10", ENGINE_WORKERS="2", ENGINE_USER="alice", **extra)


def metrics(path: Path) -> dict[str, float]:
    address = json.loads((path / "run" / "engine.json").read_text())["http"]
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=30) as answer:
        lines = [line for line in answer.read().decode().splitlines() if "sandbox" in line and not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def shown(path: Path) -> str:
    """What `engine status` says in the line about the sandbox."""
    (line,) = [line for line in run("status", env=settings(path)).out if line.startswith("sandbox")]
    return line


def test_without_a_filter_of_system_calls_no_engine_runs_and_its_last_word_says_why_and_what_to_do():
    with home() as path:
        add_traders(path, "alice", lively=LIVELY)
        ended = run("run", "--json", env=settings(path), launcher=NO_SECCOMP, timeout_s=90)
    assert ended.wait() == 3, ended.story()
    assert ended.err[-1].startswith(f"error: workers cannot be locked down, so no filter is run: {SECCOMP}")
    assert "Operation not permitted" in ended.err[-1]
    assert "--allow-unsandboxed" in ended.err[-1]
    assert not ended.out
    assert not [line for line in ended.err if "engine runs" in line or "Traceback" in line]


def loud(running: Program, path: Path) -> None:
    """All that shows the engine says that nothing holds the filters."""
    running.wait_for(f"^sandbox: {UNSANDBOXED}.*{re.escape(SECCOMP)}")
    running.wait_for(f"critical.*{UNSANDBOXED}")
    running.wait_for("UNSANDBOXED · running")
    part = ask(path, "/health")["components"]["sandbox"]
    assert part["state"] == "degraded"
    assert UNSANDBOXED in part["reason"]
    assert part["advice"]
    assert UNSANDBOXED in shown(path)
    found = ask(path, "/status")["sandbox"]
    assert (found["lockdown"], found["unsandboxed"], found["allow_unsandboxed"]) == ("none", True, True)
    assert [one["measure"] for one in found["missing"]] == [SECCOMP]
    assert metrics(path)["engine_unsandboxed"] == 1
    assert metrics(path)[f'engine_sandbox_measure{{measure="{SECCOMP}"}}'] == 0


def test_who_allows_it_by_name_gets_an_engine_that_says_so_wherever_one_looks():
    with home() as path:
        add_traders(path, "alice", lively=LIVELY)
        with program("run", "--json", "--allow-unsandboxed", env=settings(path), launcher=NO_SECCOMP) as running:
            running.wait_for('"trader":"lively"', 90, stream="out")
            loud(running, path)
            assert running.stop() == 0, running.story()


def test_without_landlock_the_engine_runs_and_says_what_is_missing_and_what_to_do():
    with home() as path:
        add_traders(path, "alice", lively=LIVELY)
        with program("run", "--json", env=settings(path), launcher=NO_LANDLOCK) as running:
            running.wait_for('"trader":"lively"', 90, stream="out")
            part = until(path, "/health", lambda found: found["components"]["sandbox"]["state"] == "degraded")["components"]
            assert LANDLOCK in part["sandbox"]["reason"]
            assert "5.13" in part["sandbox"]["advice"] or "profile" in part["sandbox"]["advice"]
            assert ask(path, "/status")["sandbox"]["lockdown"] == "partial"
            assert "partial" in shown(path)
            assert LANDLOCK in shown(path)
            assert metrics(path)["engine_unsandboxed"] == 0
            assert metrics(path)[f'engine_sandbox_measure{{measure="{LANDLOCK}"}}'] == 0
            assert metrics(path)[f'engine_sandbox_measure{{measure="{SECCOMP}"}}'] == 1
            assert UNSANDBOXED not in running.story()


def test_an_engine_shows_what_a_trial_of_the_same_machine_shows_and_allowing_less_changes_nothing_there():
    with home() as path, program("run", "--json", env=settings(path, ENGINE_ALLOW_UNSANDBOXED="1")) as running:
        running.wait_for("engine runs", 90)
        found = until(path, "/status", lambda status: status["sandbox"]["workers"] >= 2)["sandbox"]
        (trial,) = [
            one
            for one in json.loads("\n".join(run("doctor", "--json", env=settings(path)).out))["findings"]
            if one["name"] == "sandbox"
        ]
        assert trial["state"] == ("ok" if found["lockdown"] == "full" else "warning")
        assert f"{len(found['in_force'])} measures in force" in trial["found"]
        assert SECCOMP in found["in_force"]
        assert not found["unsandboxed"]
        # And the kernel says of each worker what the engine says
        for pid in ask(path, "/status")["workers"]["pids"]:
            told = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
            assert (told["Seccomp"], told["NoNewPrivs"], int(told["CapEff"], 16)) == ("2", "1", 0)
            assert ("unprivileged user" not in found["in_force"]) or "0" not in told["Uid"].split()
        assert UNSANDBOXED not in running.story()


def test_a_filter_is_tried_out_under_the_same_rule(tmp_path: Path):
    file = tmp_path / "rising.py"
    file.write_text('def check(ticker, klines, ta):\n    return klines["5m"].close[-1] > klines["5m"].close[-2]\n')
    with home() as path:
        arguments = ("trader", "test", str(file), "--closes", "5", "--symbols", "2")
        refused = run(*arguments, env=settings(path), launcher=NO_SECCOMP, timeout_s=90)
        assert refused.wait() == 3, refused.story()
        assert SECCOMP in refused.err[-1]
        allowed = run(*arguments, "--allow-unsandboxed", env=settings(path), launcher=NO_SECCOMP, timeout_s=90)
        assert allowed.wait() == 0, allowed.story()
        assert UNSANDBOXED in "\n".join(allowed.err)


@pytest.mark.parametrize(
    ("launcher", "extra", "state", "words"),
    [
        (NO_SECCOMP, {}, "problem", (SECCOMP, "refuse to start", "--allow-unsandboxed")),
        (NO_SECCOMP, {"ENGINE_ALLOW_UNSANDBOXED": "true"}, "warning", (SECCOMP, UNSANDBOXED)),
        (NO_LANDLOCK, {}, "warning", (LANDLOCK, "Function not implemented")),
    ],
)
def test_the_doctor_tries_it_in_a_process_and_names_a_remedy(launcher, extra, state, words):
    with home() as path:
        ended = run("doctor", "--json", env=settings(path, **extra), launcher=launcher)
    document = json.loads("\n".join(ended.out))
    (finding,) = [one for one in document["findings"] if one["name"] == "sandbox"]
    assert finding["state"] == state
    assert finding["advice"]
    assert all(word in finding["found"] + finding["advice"] for word in words), finding
    assert ended.wait() == (1 if state == "problem" else 0)
