"""No secret of the supervisor is in the memory of a process that runs filters, read in a way that only root may."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from engine.persistence import queries
from engine.persistence.door import session
from engine.traders.store import new_row
from tests.homes import needs_root
from tests.process.test_engine_program import LIVELY
from tests.programs import environment, home, program

pytest_plugins = ("tests.fixtures_postgres",)

PASSWORD = "correct-horse-battery-staple-9137"
TOKEN = "token-of-the-supervisor-alone-4711"
#: What every process of the nursery's family must have in its memory: proof that it was read.
ARGUMENT = b"--history-bars"

READ_BYTES = 4 * 1024**2


def readable_regions(pid: int) -> Iterator[tuple[int, int]]:
    """First address and end of everything a process has mapped and may read."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        found = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
        if found is not None and not line.endswith(("[vvar]", "[vvar_vclock]", "[vsyscall]")):
            yield int(found.group(1), 16), int(found.group(2), 16)


def found_in_memory(pid: int, *wanted: bytes) -> set[bytes]:
    """Which of these stand anywhere in the memory of a process."""
    overlap = max(map(len, wanted)) - 1
    found: set[bytes] = set()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for first, end in readable_regions(pid):
            at, tail = first, b""
            while at < end:
                try:
                    memory.seek(at)
                    data = memory.read(min(READ_BYTES, end - at))
                except OSError:
                    break  # a mapping that is longer than its file
                if not data:
                    break
                text = tail + data
                found |= {one for one in wanted if one in text}
                at, tail = at + len(data), text[-overlap:]
    return found


async def add_trader(url: str, path: Path) -> None:
    async with session(url, path, "alice") as opened:
        await queries.add_trader(opened, new_row("alice", "lively", LIVELY))


@needs_root
@pytest.mark.timeout(240)
def test_neither_password_nor_token_is_in_the_memory_of_nursery_and_workers(database_url: str):
    # Given an engine that was handed a password and a token by its environment, as deployments do
    url = f"{database_url}&password={PASSWORD}"
    with home() as path:
        asyncio.run(add_trader(url, path))
        env = environment(
            path,
            DATABASE_URL=url,
            ENGINE_API_TOKEN=TOKEN,
            ENGINE_HTTP="127.0.0.1:0",
            ENGINE_SYMBOLS="5",
            ENGINE_MAX_SYMBOLS="32",
            ENGINE_MAX_INTERVALS="2",
            ENGINE_WORKERS="2",
        )
        with program("run", "--user", "alice", "--json", env=env) as running:
            # When its workers have run a trader's filter
            running.wait_for('"trader":"lively"', 120, stream="out")
            supervisor = psutil.Process(running.process.pid)
            (nursery,) = [one for one in supervisor.children() if one.cmdline()[-1:] and "workers" in one.cmdline()]
            workers = nursery.children()
            assert len(workers) >= 2
            secrets = (PASSWORD.encode(), TOKEN.encode())
            # Then the supervisor's memory holds both, so that they can be found at all
            assert found_in_memory(supervisor.pid, *secrets) == set(secrets)
            # And that of nobody who runs filters holds either
            for process in (nursery, *workers):
                assert found_in_memory(process.pid, *secrets, ARGUMENT) == {ARGUMENT}
            assert running.stop() == 0, running.story()
