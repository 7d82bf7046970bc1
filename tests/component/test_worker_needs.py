"""Machine code for filters that come later: compiled by children when the nursery hears of it, then taken from the cache."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.wire.messages import FilterLoaded, Item, Step, Task
from tests.component.nursery import Bench, bench
from tests.data import ROOT

FALLING = """
def check(ticker, klines, ta):
    close = klines["1m"].close
    return ta.mom(close, 3)[-1] < 0 and ta.rocp(close, 2)[-1] < 0
"""


@pytest.fixture
def nursery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A nursery whose cache held nothing before it came."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    with bench() as made:
        yield made


def test_what_filters_will_use_is_compiled_while_workers_work(nursery):
    # Given a worker, and a cache without the indicators of a filter to come
    nursery.fork(1)
    falling, _, unready = nursery.symbols
    as_of_ms = nursery.put(falling, "1m", [100.0 - n for n in range(30)])
    # When the nursery hears of them, among names of other things, and is asked for another worker meanwhile
    names = ["close", "mom", "rocp", "nosuch"]
    nursery.control.send(json.dumps({"need": names}).encode())
    nursery.fork(2)
    # Then it says when they are there
    prepared = nursery.packet("prepared")
    assert (prepared["prepared"], prepared["problem"], prepared["fresh"]) == (sorted(names), "", True)
    # And a worker that is forked from then on uses them
    nursery.fork(0)
    assert isinstance(nursery.load(1, FALLING), FilterLoaded)
    done = nursery.run(Task(1, (Step(as_of_ms, False, (Item((1,), (falling, unready)),)),), 5_000))
    assert [match.symbol for match in done.results[0].matches] == [falling]
    assert not done.results[0].faults


def test_needs_that_come_while_others_are_compiled_are_met_together_afterwards(nursery):
    for names in (["mom"], ["rocr"], ["rocp", "rocr"], ["nosuch"]):
        nursery.control.send(json.dumps({"need": names}).encode())
    assert nursery.packet("prepared")["prepared"] == ["mom"]
    assert nursery.packet("prepared")["prepared"] == ["nosuch", "rocp", "rocr"]
    # And what was loaded before is nothing new to workers
    nursery.control.send(json.dumps({"need": ["mom"]}).encode())
    assert nursery.packet("prepared")["fresh"] is False


def test_a_filter_whose_machine_code_was_never_asked_for_is_told_so(nursery):
    nursery.fork(0)
    as_of_ms = nursery.put(0, "1m", [100.0 - n for n in range(30)])
    assert isinstance(nursery.load(1, FALLING), FilterLoaded)
    done = nursery.run(Task(1, (Step(as_of_ms, False, (Item((1,), (0,)),)),), 5_000))
    (fault,) = done.results[0].faults
    assert "mom_nb was not compiled before freeze()" in fault.message


def test_children_that_compile_end_with_whoever_started_them(tmp_path):
    # Given someone who has two indicators compiled, and is killed while that goes on
    code = "import indicators, os, signal; b = indicators.Builders(['adx', 'natr']); print(*b.pids, flush=True); signal.pause()"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pids = [int(pid) for pid in starter.stdout.readline().split()]
        watches = [os.pidfd_open(pid) for pid in pids]
        starter.kill()
    # Then they are gone at once
    assert len(pids) > 0
    for watch in watches:
        assert select.select([watch], [], [], 10.0)[0]
        os.close(watch)
