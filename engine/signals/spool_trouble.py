"""What goes wrong with the spool's file, told apart: a full disk, a place that may not be written, damage, another user."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.base.errors import SpoolError, SpoolFull

#: A failed write is put down to a full disk when not even so much can be written.
PROBE_BYTES = 256_000


@contextmanager
def transaction(db: sqlite3.Connection, path: Path, doing: str) -> Iterator[None]:
    """BEGIN … COMMIT; a failure rolls back and is translated."""
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("COMMIT")
    except BaseException as error:
        if db.in_transaction:
            with suppress(sqlite3.Error):
                db.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise translated(error, path, doing) from error
        raise


def translated(error: sqlite3.Error, path: Path, doing: str) -> SpoolError:
    """SpoolFull or SpoolError, with what to do about it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    where = f"{path} ({error})"
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _no_room(path)):
        return SpoolFull(f"disk is full, spool cannot {doing}", where, "free some space; the engine goes on by itself")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return SpoolError(f"spool is not writable, cannot {doing}", where, "correct owner and mode of the directory")
    if code == sqlite3.SQLITE_BUSY:
        return SpoolError("spool is used by another process", where, "run one engine on a home")
    if is_damage(error):
        return SpoolError(f"spool is damaged, cannot {doing}", where, "start again: the file is moved aside, not deleted")
    return SpoolError(f"spool cannot {doing}", where, "see the disk and its mount")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the bytes of the file are wrong, so that trying again cannot help."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or str(error).startswith("malformed")


def _no_room(path: Path) -> bool:
    """Whether a small file can not be written: a disk may be full, or a quota, which only a try tells."""
    probe = path.with_name("probe")
    try:
        probe.write_bytes(b"\0" * PROBE_BYTES)
    except OSError as error:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return False
