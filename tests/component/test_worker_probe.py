"""A process locked down for trial, in its own words; and that each measure is explained to people."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from engine.supervisor.remedies import MEANING
from engine.wire.measures import LANDLOCK, SECCOMP
from tests.data import ROOT
from tests.homes import needs_root

PROBE = (sys.executable, "-P", "-m", "workers.probe")
ORDINARY_UID = 1000
#: After a change of user a process may not open what is its own in /proc, until it says so.
PR_SET_DUMPABLE = 4


def told(command: Sequence[str]) -> dict[str, Any]:
    """What a program that tries the lockdown tells."""
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, timeout=60, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def probed(*launcher: str) -> dict[str, Any]:
    """What a trial tells."""
    return told((*launcher, *PROBE))


def names(found: dict[str, Any]) -> set[str]:
    return {*found["in_force"], *(name for name, _ in found["missing"])}


def test_every_measure_is_reported_once_and_explained_to_people():
    found = probed()
    page = (ROOT / "docs" / "security.md").read_text()
    assert names(found) == MEANING.keys()
    assert len(found["in_force"]) + len(found["missing"]) == len(MEANING)
    assert [name for name in MEANING if name not in page] == []


def test_a_forbidden_call_ends_the_process_where_system_calls_are_filtered():
    found = probed()
    assert (found["ended_by"] == "SIGSYS") is (SECCOMP in found["in_force"])


@pytest.mark.parametrize(
    ("refused", "measure", "word"),
    [
        ("seccomp=EPERM", SECCOMP, "not permitted"),
        ("seccomp=ENOSYS", SECCOMP, "not implemented"),
        ("landlock_create_ruleset=ENOSYS", LANDLOCK, "not implemented"),
        ("landlock_create_ruleset=EOPNOTSUPP", LANDLOCK, "not supported"),
    ],
)
def test_what_a_kernel_refuses_is_missing_with_its_reason_and_the_rest_holds(refused, measure, word):
    whole = probed()
    found = probed(sys.executable, "-m", "tests.refusals", refused)
    assert word in dict(found["missing"])[measure]
    assert set(found["in_force"]) == set(whole["in_force"]) - {measure}
    assert found["ended_by"] == ("" if measure == SECCOMP else whole["ended_by"])


#: The interpreter may lie where only root comes, so the user is changed when everything is loaded.
AS_ORDINARY_USER = f"""
import os, sys
from workers import probe
from workers.kernel import prctl
os.setgroups([])
os.setresgid({ORDINARY_UID}, {ORDINARY_UID}, {ORDINARY_UID})
os.setresuid({ORDINARY_UID}, {ORDINARY_UID}, {ORDINARY_UID})
prctl({PR_SET_DUMPABLE}, 1)
sys.exit(probe.main())
"""


@needs_root
def test_an_ordinary_user_without_capabilities_can_be_locked_down_as_far_as_root():
    found = told((sys.executable, "-P", "-c", AS_ORDINARY_USER))
    assert set(found["in_force"]) == set(probed()["in_force"])
    assert found["missing"] == probed()["missing"]
    assert found["ended_by"] == probed()["ended_by"]
