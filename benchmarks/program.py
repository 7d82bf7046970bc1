"""`engine run` as a program on the simulator: how soon it gives a signal, and what memory its processes take. A part of the
suite end_to_end; kernels are compiled and the embedded database is made before anything is measured.
"""

import asyncio
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from engine.persistence import queries
from engine.persistence.door import session
from engine.traders.store import new_row

START_GOAL_S = 5.0
MEMORY_GOAL_MB = 256.0
STARTS = 5
#: How long an engine works after its first signal before its memory is looked at: more than a minute, so that every trader
#: has been asked again about every symbol after new bars.
SETTLE_S = 65.0
OURS = ("supervisor", "nursery", "worker")

PROMPT = """
refresh = "1m"
symbols = "top:100"
def check(ticker, klines, ta):
    return ta.rsi(klines["1m"].close, 14)[-1] >= 0 and klines["5m"].close[-1] > 0
"""
#: Everything is computed for every symbol, whatever the answer; only the first trader matches, to show that it began.
MANY = """
refresh = "1m"
symbols = "top:100"
def check(ticker, klines, ta):
    minute, five, quarter, hour = klines["1m"], klines["5m"], klines["15m"], klines["1h"]
    rsi = ta.rsi(minute.close, {period})[-1]
    macd, signal, hist = ta.macd(five.close, {fast}, 26, 9)
    upper, middle, lower = ta.bbands(quarter.close, 20, 2.0, 2.0)
    trend = ta.ema(hour.close, 50)[-1]
    return rsi < {threshold} and hist[-1] > lower[-1] - trend - 1e12
"""


def starts() -> list[dict[str, Any]]:
    """From the start of the process to its first signal, which comes after the first evaluation and its commit."""
    times_s = []
    with _home({"prompt": PROMPT}) as home:
        for _ in range(STARTS + 1):
            with _engine(home) as (process, begun_s):
                _first_signal(process)
                times_s.append(time.perf_counter() - begun_s)
            # The same bar would not be told twice.
            for file in (home / "spool").glob("*"):
                file.unlink()
    measured = times_s[1:]
    row = {"case": "program start to first signal, 100 x 2 x 1000 bars", "median_s": round(statistics.median(measured), 2)}
    row |= {"slowest_s": round(max(measured), 2)}
    return [row | {"goal": f"median {START_GOAL_S:g} s", "reached": statistics.median(measured) <= START_GOAL_S}]


def memory() -> list[dict[str, Any]]:
    """Memory of supervisor, nursery and one worker, with 20 traders on 100 symbols and 4 intervals.

    `pss_mb` is what the kernel tells; it divides pages of libraries among all processes that map them, so it falls when
    anything else runs from the same environment, the simulator of this run included. `alone_mb` counts those pages in full,
    once, and is what the goal is held against.
    """
    given = [{"fast": 8 + number % 5, "period": 10 + number, "threshold": 20 if number else 101} for number in range(20)]
    traders = {f"trader {number}": MANY.format(**values) for number, values in enumerate(given)}
    with _home(traders) as home, _engine(home, "--workers", "1") as (process, _):
        _first_signal(process)
        time.sleep(SETTLE_S)
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        roles = [(_role(one, process.pid), one.pid) for one in family]
        pss_mb = {role: sum(_pss_mb(pid, "Pss") for name, pid in roles if name == role) for role, _ in roles}
        ours = [pid for role, pid in roles if role in OURS]
        together_mb, alone_mb = sum(pss_mb[role] for role in OURS), _alone_mb(ours)
    rows: list[dict[str, Any]] = [{"case": f"memory of the {role}", "pss_mb": round(pss_mb[role])} for role in sorted(pss_mb)]
    last = {"case": f"memory together: {', '.join(OURS)}", "pss_mb": round(together_mb), "alone_mb": round(alone_mb)}
    return [*rows, last | {"goal": f"{MEMORY_GOAL_MB:g} MB", "reached": alone_mb <= MEMORY_GOAL_MB}]


def _role(one: psutil.Process, supervisor: int) -> str:
    if one.pid == supervisor:
        return "supervisor"
    command = " ".join(one.cmdline())
    if "postgres" in command:
        return "embedded database"
    if "cli sim" in command:
        return "simulator"
    return "nursery" if one.ppid() == supervisor else "worker"


def _pss_mb(pid: int, name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found is not None, "the kernel tells no proportional memory"
    return int(found[1]) / 1024


def _alone_mb(pids: Sequence[int]) -> float:
    """As if nobody but these processes mapped their files."""
    own_mb = sum(_pss_mb(pid, "Pss_Anon") + _pss_mb(pid, "Pss_Shmem") for pid in pids)
    mapped_kb: dict[str, int] = {}
    for pid in pids:
        for place, kb in _file_pages_kb(pid):
            mapped_kb[place] = max(mapped_kb.get(place, 0), kb)
    return own_mb + sum(mapped_kb.values()) / 1024


def _file_pages_kb(pid: int) -> Iterator[tuple[str, int]]:
    """For each mapped part of a file on disk: which one, and how much of it is in memory as it is on disk."""
    place, resident_kb = "", 0
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        name, *rest = line.split(maxsplit=5)
        if not name.endswith(":"):
            # Range, rights, offset, device, inode, path: shared memory has a path as well, but is counted elsewhere.
            path = rest[4] if len(rest) > 4 else ""
            place = f"{path} {rest[1]}" if path.startswith("/") and not path.startswith(("/memfd:", "/dev/")) else ""
        elif name == "Rss:":
            resident_kb = int(rest[0])
        elif name == "Anonymous:" and place:
            yield place, resident_kb - int(rest[0])


def _first_signal(process: "subprocess.Popen[str]") -> None:
    """Wait for it; an engine that ends instead is an error and not a quick start."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line or "bar_open_time" not in json.loads(line):
        raise AssertionError(f"engine gave no signal but {line!r}, exit code {process.poll()}")


@contextmanager
def _home(traders: dict[str, str]) -> Iterator[Path]:
    """A home with a database that has these traders."""

    async def add(home: Path) -> None:
        async with session("", home, "bench") as opened:
            for name, text in traders.items():
                await queries.add_trader(opened, new_row("bench", name, text))

    with tempfile.TemporaryDirectory(prefix="engine-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        asyncio.run(add(home))
        yield home


@contextmanager
def _engine(home: Path, *arguments: str) -> Iterator[tuple["subprocess.Popen[str]", float]]:
    """`engine run` on the simulator, ended in order."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ENGINE_", "BINANCE_", "DATABASE_URL"))}
    env |= {"ENGINE_HOME": str(home), "ENGINE_HTTP": "off", "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", "cli", "run", "--user", "bench", "--json", *arguments]
    begun_s = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, process_group=0)
    try:
        yield process, begun_s
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
