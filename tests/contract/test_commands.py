"""The command line as a whole: help, options, exit codes, and errors of one line."""

import re
import subprocess
import sys

import click
import pytest

from cli.__main__ import COMMANDS, main
from cli.reference import commands, variable_of
from engine.base import settings
from tests.data import ROOT
from tests.programs import environment

ALL = dict(commands())


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """Nothing of the machine the tests run on."""
    for name in [*settings.LEGACY, *settings.COMMAND_VARIABLES, *(row["variable"] for row in settings.describe())]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENGINE_HOME", str(tmp_path / "home"))


def test_the_commands_of_the_contract_are_there():
    assert set(COMMANDS) == {"run", "bench", "trader", "signals", "status", "resize", "sim", "db", "doctor", "indicators"}
    assert {"add", "list", "show", "enable", "disable", "rm", "check", "test", "new"} <= _below("engine trader")
    assert {"migrate", "url"} <= _below("engine db")


def _below(words: str) -> set[str]:
    return {name.removeprefix(words + " ") for name in ALL if name.startswith(words + " ")}


@pytest.mark.parametrize("words", ALL)
def test_every_command_has_help_with_an_example(words: str, capsys: pytest.CaptureFixture[str]):
    assert main([*words.split()[1:], "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: {words}")
    assert re.search(r"Examples?:\n +engine ", text), text
    assert not [line for line in text.splitlines() if "\b" in line]


@pytest.mark.parametrize("words", ALL)
def test_every_option_can_be_given_by_an_environment_variable_that_help_shows(words: str):
    known = {record["variable"] for record in settings.describe()} | settings.COMMAND_VARIABLES
    for option in ALL[words].params:
        if isinstance(option, click.Option) and option.name not in ("help", "version"):
            assert variable_of(option) in known, option.opts
            assert option.show_envvar, option.opts


@pytest.mark.parametrize("words", ["engine", "engine trader", "engine db"])
def test_a_group_without_a_command_shows_its_help_and_is_wrong_usage(words: str, capsys: pytest.CaptureFixture[str]):
    assert main(words.split()[1:]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith(f"Usage: {words} [OPTIONS] COMMAND")
    assert len(err.splitlines()) > 10


def test_help_of_the_whole_takes_no_time_that_one_would_notice():
    code = "import time; began = time.process_time(); from cli.__main__ import main; main(['--help']); import sys; "
    code += "print(time.process_time() - began, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert float(done.stderr) < 1.0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nonsense"], 2, "No such command 'nonsense'"),
        (["run"], 2, "no user is named"),
        (["run", "--user", "alice", "--workers", "many"], 3, "--workers"),
        (["run", "--user", "alice", "--exchange", "kraken"], 2, "kraken"),
        (["trader", "check", "not-there.py"], 2, "not-there.py"),
        (["trader", "list"], 2, "no user is named"),
        (["signals", "--user", "alice", "--since", "yesterday"], 2, "'yesterday'"),
        (["resize", "many"], 2, "many"),
        (["status"], 1, "no engine runs on this home"),
        (["resize", "2"], 1, "no engine runs on this home"),
        (["db", "url", "--db", "postgresql://127.0.0.1:1/x"], 0, ""),
        (["db", "status", "--db", "postgresql://127.0.0.1:1/x"], 5, "127.0.0.1:1/x"),
        (["db", "migrate", "--db", "nonsense"], 3, "database URL is malformed"),
        (["trader", "list", "--user", "a", "--db", "postgresql://u:secret@127.0.0.1:1/x"], 5, "database cannot be reached"),
    ],
)
def test_what_goes_wrong_is_one_line_with_the_exit_code_of_the_contract(arguments, code, words, capsys):
    assert main(arguments) == code
    out, err = capsys.readouterr()
    assert words in err
    if code:
        assert not out
        assert re.fullmatch(r"error: [^\n]+\n", err)
    assert "secret" not in err


def test_an_unknown_variable_of_the_engine_is_refused_and_the_nearest_named(monkeypatch, capsys):
    monkeypatch.setenv("ENGINE_HISTORY_BAR", "500")
    assert main(["signals", "--user", "alice"]) == 3
    assert "did you mean ENGINE_HISTORY_BARS?" in capsys.readouterr().err


def test_a_setting_from_the_environment_is_refused_by_its_variable(monkeypatch, capsys):
    monkeypatch.setenv("ENGINE_HISTORY_BARS", "7")
    assert main(["signals", "--user", "alice"]) == 3
    assert "ENGINE_HISTORY_BARS" in capsys.readouterr().err


def test_only_debug_shows_where_it_went_wrong(capsys):
    assert main(["status"]) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert main(["--debug", "status"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_error_that_nobody_foresaw_is_one_line_too(monkeypatch, capsys):
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("cli.control.ask", broken)
    assert main(["status"]) == 1
    assert capsys.readouterr().err == "error: ZeroDivisionError: by zero: run again with --debug to see where\n"


def test_a_reader_that_has_had_enough_is_no_error():
    command = f"{sys.executable} -m cli sim --help | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "0"
    assert not done.stderr
