"""An embedded Postgres: the server programs of a wheel, run as a direct child on a unix socket of this home.

Nobody else can reach it: no TCP, a directory of mode 0700, `trust` behind it. The child dies with its owner (the kernel
signals it), its data stay. A lock tells who owns the server: an engine, or a command that needs it for a moment; a command
borrows the server of a running engine. Not here: anything said to the server once it runs.
"""

import asyncio
import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from engine.base.errors import DatabaseError
from engine.persistence import cluster, place
from engine.persistence.place import Place

Role = Literal["engine", "command"]

DATABASE = "postgres"

#: Recovery after a crash may take a while; a server that lives is waited for.
START_TIMEOUT_S = 120.0
#: How long a command waits for another command, or for the engine, to have the server up.
LOCK_TIMEOUT_S = 30.0
#: Children of a killed server need a moment to notice; until then a new one finds its memory in use.
ORPHANS_TIMEOUT_S = 10.0
ORPHANS_WORDS = "shared memory block"
STOP_STEPS = ((signal.SIGINT, 5.0), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 3.0))
POLL_S = 0.01

#: Small, because the engine and all its children should stay far below 256 MB; safe, because signals are kept here.
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "cluster_name": "engine",
    "shared_buffers": "16MB",
    "max_connections": "20",
    "max_worker_processes": "1",
    "max_logical_replication_workers": "0",
    "max_parallel_workers": "0",
    "autovacuum_max_workers": "1",
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    # One call instead of a flush for each of a thousand files: a start after a crash takes 0.3 s instead of 2.5 s.
    "recovery_init_sync_method": "syncfs",
    "huge_pages": "off",
    "jit": "off",
    "TimeZone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_line_prefix": "%m ",
}

_LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1


class EmbeddedPostgres:
    """The server of one home. `start` from the main thread: the kernel ties the child's life to the thread that made it."""

    def __init__(self, home: Path, role: Role = "engine", options: dict[str, str] | None = None) -> None:
        self._home = home
        self._role = role
        self._options = OPTIONS | (options or {})
        self._place: Place | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock_fd = -1

    @property
    def pid(self) -> int | None:
        """Process id of the server that this object started; None when it runs none, or borrows one."""
        return self._process.pid if self._process is not None and self.alive() else None

    @property
    def borrowed(self) -> bool:
        """Whether the server belongs to a running engine."""
        return self._place is not None and self._lock_fd < 0

    def alive(self) -> bool:
        """Whether the server runs, as far as its owner can tell; a borrowed one is asked for by its lock file."""
        if self._process is not None:
            return self._process.poll() is None
        return self._place is not None and cluster.running_pid(self._place.data) is not None

    async def start(self) -> str:
        """Bring the server up, or borrow the one of a running engine; returns its URL. Raises DatabaseError, HomeError."""
        self._place = place.prepare(self._home)
        try:
            if not await self._own_or_borrow(self._place):
                return url_of(self._place)
            return await self._start(self._place)
        except (OSError, subprocess.SubprocessError) as error:
            await self.stop()
            advice = "run the engine as an ordinary user, or set DATABASE_URL"
            raise DatabaseError("embedded database cannot be run", error, advice) from error
        except BaseException:
            await self.stop()
            raise

    async def ensure_running(self) -> str:
        """Start the server again if it has died; returns its URL."""
        if self._place is None or self._lock_fd < 0:
            return await self.start()
        if not self.alive():
            return await self._start(self._place)
        return url_of(self._place)

    async def stop(self) -> None:
        """End the server, politely first, and give the lock back; a borrowed server goes on."""
        if self._process is not None:
            await _end(self._process.pid, lambda: not self.alive())
            self._process = None
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1
        self._place = None

    async def _own_or_borrow(self, where: Place) -> bool:
        """True when this process owns the server now; False when an engine does and its server answers."""
        fd = cluster.open_as_owner(where, where.lock)
        give_up_s = time.monotonic() + LOCK_TIMEOUT_S
        try:
            while not _try_lock(fd):
                holder = os.pread(fd, 64, 0).decode(errors="replace").strip()
                if self._role == "command" and holder.startswith("engine") and cluster.is_up(where.data):
                    return False
                if time.monotonic() > give_up_s:
                    advice = "end that process, or choose another --home"
                    raise DatabaseError("embedded database is in use", f"{where.base} by {holder or 'another process'}", advice)
                await asyncio.sleep(0.05)
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{self._role} {os.getpid()}\n".encode(), 0)
            self._lock_fd, fd = fd, -1
            return True
        finally:
            if fd >= 0:
                os.close(fd)

    async def _start(self, where: Place) -> str:
        await _end_orphan(where)
        if not where.data.exists():
            await asyncio.to_thread(cluster.make, where)
        cluster.check_version(where)
        cluster.turn_log(where.log)
        give_up_s = time.monotonic() + ORPHANS_TIMEOUT_S
        while True:
            self._process = self._launch(where)
            if await self._is_up(where, self._process):
                return url_of(where)
            said = cluster.last_words(where.log)
            if ORPHANS_WORDS not in said or time.monotonic() > give_up_s:
                raise DatabaseError("embedded database ended at its start", said, f"see {where.log}")
            await asyncio.sleep(0.2)

    def _launch(self, where: Place) -> subprocess.Popen[bytes]:
        arguments = [str(where.programs / "postgres"), "-D", str(where.data), "-k", str(where.sockets)]
        arguments += [part for name, value in self._options.items() for part in ("-c", f"{name}={value}")]
        with open(cluster.open_as_owner(where, where.log), "ab") as log:  # noqa: PTH123 - a descriptor has no path
            return subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=cluster.environment(),
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - two system calls, prepared before the fork
                cwd="/",
                **cluster.as_account(where),
            )

    async def _is_up(self, where: Place, process: subprocess.Popen[bytes]) -> bool:
        """Wait until the server accepts connections; False when it ended instead."""
        give_up_s = time.monotonic() + START_TIMEOUT_S
        while not (cluster.pid_in_file(where.data) == process.pid and cluster.is_ready(where.data)):
            if process.poll() is not None:
                return False
            if time.monotonic() > give_up_s:
                raise DatabaseError("embedded database is not ready", f"after {START_TIMEOUT_S:.0f} s", f"see {where.log}")
            await asyncio.sleep(POLL_S)
        return True


def url_of(where: Place) -> str:
    """URL of the server by its socket directory."""
    return f"postgresql://{cluster.USER}@/{DATABASE}?port=5432&host={quote(str(where.sockets), safe='')}"


def _die_with(owner_pid: int) -> Callable[[], None]:
    def prepare() -> None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
        if os.getppid() != owner_pid:
            os._exit(1)

    return prepare


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _end_orphan(where: Place) -> None:
    """Stop a server whose owner is gone, and clear away what a killed one left."""
    pid = cluster.running_pid(where.data)
    if pid is not None:
        await _end(pid, lambda: cluster.running_pid(where.data) is None)
    cluster.disarm_stale_locks(where)


async def _end(pid: int, is_gone: Callable[[], bool]) -> None:
    """Ask, then insist; a process that is no child of ours can only be looked at from time to time."""
    for number, patience_s in STOP_STEPS:
        give_up_s = time.monotonic() + patience_s
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        while time.monotonic() < give_up_s:
            if is_gone():
                return
            await asyncio.sleep(POLL_S)
