"""`engine doctor`: every finding has a state, what was found, and what to do; a problem makes the exit code 1."""

import json
import socket

import pytest

from cli.__main__ import main

NAMES = {
    *("settings", "python", "machine", "cpus", "memory", "home", "disk", "open files", "shared memory", "kernels", "sandbox"),
    *("http", "postgres", "database", "exchange"),
}


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ENGINE_HTTP", "127.0.0.1:0")
    for name in ("DATABASE_URL", "BINANCE_API_URL", "BINANCE_WS_URL"):
        monkeypatch.delenv(name, raising=False)


def findings(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
    code = main(["doctor", "--json", *arguments])
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is (code == 0)
    return code, {finding["name"]: finding for finding in document["findings"]}


def test_on_a_machine_that_can_run_the_engine_there_is_no_problem_and_nothing_is_made(capsys, tmp_path):
    code, found = findings(capsys)
    assert found.keys() == NAMES
    assert [one for one in found.values() if one["state"] == "problem"] == []
    assert code == 0
    assert all(one["found"] for one in found.values())
    assert all(one["advice"] for one in found.values() if one["state"] != "ok")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_reached_or_used_is_a_problem_with_advice(capsys, monkeypatch, tmp_path):
    (tmp_path / "home").write_text("a file")
    monkeypatch.setenv("BINANCE_API_URL", "http://127.0.0.1:1")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("ENGINE_HTTP", f"127.0.0.1:{taken.getsockname()[1]}")
        code, found = findings(capsys, "--db", "postgresql://u:secret@127.0.0.1:1/x")
    assert code == 1
    problems = {name for name, one in found.items() if one["state"] == "problem"}
    assert problems == {"home", "http", "database", "exchange"}
    assert all(found[name]["advice"] for name in problems)
    assert "secret" not in json.dumps(found)


def test_a_setting_that_is_refused_is_a_finding_and_the_rest_is_looked_at_all_the_same(capsys, monkeypatch):
    monkeypatch.setenv("ENGINE_HISTORY_BAR", "500")
    code, found = findings(capsys)
    assert code == 1
    assert found["settings"]["state"] == "problem"
    assert "ENGINE_HISTORY_BARS" in found["settings"]["found"]
    assert found.keys() == NAMES


def test_more_workers_than_cpus_and_a_token_that_others_can_read_are_warnings(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("ENGINE_WORKERS", "64")
    monkeypatch.setenv("ENGINE_MAX_WORKERS", "64")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "token").write_text("token")
    (tmp_path / "home" / "token").chmod(0o644)
    code, found = findings(capsys)
    assert code == 0
    assert found["home"]["state"] == "warning"
    assert "chmod 600" in found["home"]["advice"]
    assert found["cpus"]["state"] == "warning"


def test_for_people_each_finding_is_a_line(capsys):
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith(("ok", "warning", "problem"))]) == len(NAMES)
