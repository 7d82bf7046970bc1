"""`engine sim` as a process of its own, for clients that block or want another event loop; always ended."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

import msgspec

from engine.sim.run import Ready
from tests.data import ROOT

PROGRAM = (sys.executable, "-c", "from cli.sim import sim; sim(prog_name='engine sim')")


def environment() -> dict[str, str]:
    """Ours, without what would tell a simulator something."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ENGINE_")}


@contextlib.contextmanager
def simulator(*arguments: str) -> Iterator[Ready]:
    """Where a simulator listens."""
    process = subprocess.Popen(
        [*PROGRAM, "--json", "--die-with-parent", *arguments],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"the simulator did not start: {process.communicate(timeout=10)[1]}")
        yield msgspec.json.decode(line, type=Ready)
    finally:
        process.terminate()
        process.communicate(timeout=10)
    assert process.returncode == 0
