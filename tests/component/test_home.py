"""The home of an engine: claimed by one process, readable by other commands, and never fooled by a crash."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from engine.base.errors import HomeError, HomeLocked
from engine.supervisor.home import Home, RunningEngine

RUNNING = RunningEngine(pid=os.getpid(), http="127.0.0.1:8080", started_at="2026-01-01T00:00:00.000Z", user="alice")

HOLDER = """
import sys
from pathlib import Path
from engine.supervisor.home import Home, RunningEngine
home = Home(Path(sys.argv[1]))
home.prepare()
home.lock()
home.announce(RunningEngine(pid=1, http="", started_at="", user="bob"))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


@pytest.fixture
def holder(home: Home):
    """Another process that holds the home."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, home.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_engine_on_the_same_home_is_refused_and_told_who_has_it(home, holder):
    with pytest.raises(HomeLocked, match=f"pid {holder.pid}"):
        home.lock()


def test_other_commands_find_the_running_engine(home, holder):
    assert home.running().user == "bob"


def test_a_home_whose_engine_was_killed_is_free_and_its_old_address_does_not_count(home, holder):
    holder.kill()
    holder.wait()
    assert home.running() is None
    home.lock()
    home.unlock()


def test_unlocking_leaves_nothing_behind_that_speaks_of_a_running_engine(home):
    home.lock()
    home.announce(RUNNING)
    assert home.running() == RUNNING
    home.unlock()
    assert home.running() is None


def test_the_token_is_made_once_and_readable_by_its_owner_only(home):
    token = home.token()
    assert home.token() == token
    assert len(token) >= 32
    assert stat.S_IMODE((home.path / "token").stat().st_mode) == 0o600


def test_a_home_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeError, match="home directory cannot be made"):
        Home(tmp_path / "file" / "home").prepare()
