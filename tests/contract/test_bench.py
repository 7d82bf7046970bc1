"""`engine bench`: what it offers, what its file holds, and how two runs are compared. Figures themselves are not asserted."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import compare, harness, program
from cli.__main__ import main


def test_the_suites_of_the_contract_are_listed_and_each_is_there(capsys):
    assert main(["bench", "--list"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    streams = ["candles", "ingest", "feeds"]
    assert listed == ["indicators", "indicator_updates", *streams, "dispatch", "cycle", "sandbox", "end_to_end"]
    assert all(callable(importlib.import_module(f"benchmarks.{name}").run) for name in listed)


def test_a_suite_that_is_not_there_is_wrong_usage(capsys):
    assert main(["bench", "speed"]) == 2
    assert capsys.readouterr().err.startswith("error: no such suite: speed: choose from ")


def test_a_file_that_is_not_of_a_run_is_refused_before_anything_is_measured(tmp_path: Path, capsys):
    other = tmp_path / "other.json"
    other.write_text("[1, 2]")
    assert main(["bench", "candles", "--compare", str(other)]) == 2
    assert "not a file of engine bench" in capsys.readouterr().err


def test_a_run_tells_machine_yardsticks_and_rows_and_can_be_compared_with(tmp_path: Path, capsys):
    file = tmp_path / "run.json"
    assert main(["bench", "candles", "--rounds", "2", "--json", str(file)]) == 0
    out, err = capsys.readouterr()
    assert "put_closed" in out
    assert "yardsticks" in out
    assert "candles" in err
    document = json.loads(file.read_text())
    assert document["machine"].keys() >= {"cpu", "cpus_granted", "kernel", "python", "libraries", "load"}
    for when in ("before", "after"):
        assert document["yardsticks"][when].keys() >= {"u3_p50_us", "u3_p99_us", "u4_us"}
    suite = document["suites"]["candles"]
    assert suite.keys() == {"rows", "wall_s", "cpu_s"}
    assert all(row["p50_us"] > 0 for row in suite["rows"])
    assert main(["bench", "candles", "--rounds", "2", "--compare", str(file)]) == 0
    assert "compared with the earlier run" in capsys.readouterr().out
    # And the comparison is in the document where that is asked for
    assert main(["bench", "candles", "--rounds", "2", "--compare", str(file), "--json", "-"]) == 0
    compared = json.loads(capsys.readouterr().out)["compared"]
    assert {row["suite"] for row in compared} == {"candles"}


def test_an_engine_that_ends_is_not_taken_for_one_that_starts_quickly():
    with (
        subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE, text=True) as process,
        pytest.raises(AssertionError, match="no signal"),
    ):
        program._first_signal(process)


def test_pages_shared_with_strangers_count_in_full():
    # Given this process and a child that maps the same libraries
    command = [sys.executable, "-c", "import numpy; print(1, flush=True); input()"]
    pid = os.getpid()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        # Then what the kernel divides between the two is not divided, nor counted twice
        alone_mb, both_mb = program._alone_mb([pid]), program._alone_mb([pid, child.pid])
        assert alone_mb > program._pss_mb(pid, "Pss")
        assert both_mb < alone_mb + program._alone_mb([child.pid])
        child.communicate("\n")


def run_of(u4_us: float, **cases: float) -> dict[str, Any]:
    rows = [{"case": name, "p50_us": value, "per_second": 1} for name, value in cases.items()]
    yards = {"u4_us": u4_us}
    return {"yardsticks": {"before": yards, "after": yards}, "suites": {"candles": {"rows": rows}}}


def test_runs_are_compared_in_the_yardsticks_of_each():
    # Given a machine that is half as fast now
    rows = compare.compare(run_of(1.0, write=2.0, read=2.0, gone=1.0), run_of(2.0, write=4.0, read=8.0, new=1.0))
    # Then what takes twice as long is as fast as before, and what takes four times as long is slower
    assert [(row["case"], row["ratio"], row["verdict"]) for row in rows] == [("read", 2.0, "slower"), ("write", 1.0, "")]


@pytest.mark.parametrize(
    ("number", "ratio", "verdict"),
    [("p50_us", 1.2, ""), ("p50_us", 1.3, "slower"), ("p99_us", 1.5, ""), ("p99_us", 1.7, "slower"), ("p50_us", 0.5, "faster")],
)
def test_tails_get_more_room_before_they_are_called_slower(number, ratio, verdict):
    assert compare.verdict(number, ratio) == verdict


def test_a_machine_that_changed_its_speed_is_told():
    assert harness.is_steady({"u1_ms": 1.0, "u3_p99_us": 100.0}, {"u1_ms": 1.2, "u3_p99_us": 900.0})
    assert not harness.is_steady({"u1_ms": 1.0}, {"u1_ms": 1.5})
