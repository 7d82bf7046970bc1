"""The directory of local state: who uses it, where its engine listens, and the token for talking to it.

home/
  run/lock          held while an engine runs here
  run/engine.json   pid and HTTP address of the running engine
  run/*.sock        sockets of the engine
  token             bearer token of the HTTP interface, mode 0600
  spool/            signals not yet in the database, match state, schedule
  postgres/         embedded database
"""

import fcntl
import os
import secrets
from pathlib import Path

import msgspec

from engine.base.errors import HomeError, HomeLocked


class RunningEngine(msgspec.Struct, frozen=True):
    """What `run/engine.json` tells about the engine that uses this home; `http` is empty when it does not listen."""

    pid: int
    http: str
    started_at: str
    user: str


class Home:
    """One engine's local state; `lock` makes it this process's own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock_fd = -1

    @property
    def run_path(self) -> Path:
        return self.path / "run"

    @property
    def spool_path(self) -> Path:
        return self.path / "spool"

    def prepare(self) -> None:
        """Create what is missing; raises HomeError when the directory cannot be used."""
        try:
            for folder in (self.path, self.run_path):
                folder.mkdir(parents=True, exist_ok=True, mode=0o755 if folder is self.path else 0o700)
        except OSError as error:
            advice = "choose another with --home or ENGINE_HOME"
            raise HomeError("home directory cannot be made", f"{self.path} ({error.strerror})", advice) from error
        if not os.access(self.path, os.W_OK):
            raise HomeError("home directory is not writable", self.path, "choose another with --home or ENGINE_HOME")

    def lock(self) -> None:
        """Claim the home for this process; raises HomeLocked naming the process that has it."""
        fd = os.open(self.run_path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(fd, 32).decode(errors="replace").strip() or "unknown"
            os.close(fd)
            advice = "stop that engine, or give this one a home of its own with --home"
            raise HomeLocked("another engine runs on this home", f"{self.path} (pid {holder})", advice) from error
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._lock_fd = fd

    def unlock(self) -> None:
        """Give the home back."""
        (self.run_path / "engine.json").unlink(missing_ok=True)
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1

    def announce(self, running: RunningEngine) -> None:
        """Tell other commands where this engine listens."""
        path = self.run_path / "engine.json"
        fresh = path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(running))
        fresh.replace(path)

    def running(self) -> RunningEngine | None:
        """The engine that holds this home now, or None; a file left by a crash does not count."""
        try:
            running = msgspec.json.decode((self.run_path / "engine.json").read_bytes(), type=RunningEngine)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        return running if self._is_locked() else None

    def _is_locked(self) -> bool:
        try:
            fd = os.open(self.run_path / "lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(fd)

    def token(self) -> str:
        """The bearer token of this home, made at first use."""
        path = self.path / "token"
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        token = secrets.token_urlsafe(32)
        os.write(fd, token.encode())
        os.close(fd)
        return token
