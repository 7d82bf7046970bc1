"""The SQLite file of the spool: its tables and statements, used from one thread. What runs them, and when, is in `spool`.

WAL with synchronous=FULL: a committed transaction is on the disk. Locked exclusively, so that SQLite needs no shared-memory
file, which on a full disk would end the process instead of raising an error.
"""

import logging
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from engine.base.errors import SpoolError, SpoolFull
from engine.signals.spool_trouble import is_damage, transaction, translated

FILE_NAME = "signals.db"
FORMAT = 1

#: Larger files are not read through at the start; damage in them shows when it is met.
CHECK_BYTES_MAX = 128_000_000
#: Left to the commits that mark signals as sent when `max_bytes` is reached by new ones.
SPARE_PAGES = 256

StateKey = tuple[str, int]

_log = logging.getLogger(__name__)

_TABLES = """
    CREATE TABLE IF NOT EXISTS signals (
        sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
        id         TEXT NOT NULL UNIQUE,
        body       BLOB NOT NULL,
        spooled_ms INTEGER NOT NULL,
        sent_ms    INTEGER,
        error      TEXT
    );
    CREATE INDEX IF NOT EXISTS unsent ON signals (sequence) WHERE sent_ms IS NULL AND error IS NULL;
    CREATE INDEX IF NOT EXISTS sent ON signals (sent_ms) WHERE sent_ms IS NOT NULL;
    CREATE INDEX IF NOT EXISTS refused ON signals (sequence) WHERE error IS NOT NULL;
    CREATE TABLE IF NOT EXISTS states (
        trader_id  TEXT NOT NULL,
        version    INTEGER NOT NULL,
        body       BLOB NOT NULL,
        updated_ms INTEGER NOT NULL,
        PRIMARY KEY (trader_id, version)
    ) WITHOUT ROWID;
"""


class Batch(NamedTuple):
    """Signals as (id, body), oldest first, and match states by (trader id, version): all of it or nothing."""

    signals: Sequence[tuple[str, bytes]]
    states: Mapping[StateKey, bytes]


class Counts(NamedTuple):
    """What the spool holds. `oldest_ms` is when the oldest unsent signal came in, by the wall clock; 0 when there is none."""

    unsent: int
    set_aside: int
    kept: int
    bytes: int
    oldest_ms: int


class SpoolFile:
    """The open file; every method runs one transaction and raises SpoolFull or SpoolError."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.path = folder / FILE_NAME
        self._max_bytes = max_bytes
        #: Where a damaged file of an earlier run was moved, if there was one.
        self.damaged: Path | None = None
        self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._connect()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise translated(error, self.path, "open") from error
            self._move_aside(error)
        except OSError as error:
            advice = "choose another --home, or correct its owner and mode"
            raise SpoolError("spool directory cannot be made", f"{self.path.parent} ({error.strerror})", advice) from error
        try:
            return self._connect()
        except sqlite3.Error as error:
            raise translated(error, self.path, "open") from error

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=2.0, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA locking_mode=EXCLUSIVE")
            known = db.execute("PRAGMA user_version").fetchone()[0]
            if known == 0:
                # Only a new file is written to here: a spool on a full disk must still open.
                db.execute("PRAGMA auto_vacuum=INCREMENTAL")
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA wal_autocheckpoint=0")
            if self.path.stat().st_size <= CHECK_BYTES_MAX:
                found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
                if found != "ok":
                    raise sqlite3.DatabaseError(f"malformed: {found}")
            if known not in (0, FORMAT):
                advice = "use the engine that wrote it, or move the spool directory away"
                raise SpoolError("spool was written by another version", f"format {known}, this one is {FORMAT}", advice)
            if known == 0:
                db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version={FORMAT}; COMMIT;")
            self._bound(db)
        except BaseException:
            db.close()
            raise
        return db

    def _bound(self, db: sqlite3.Connection) -> None:
        page_bytes = db.execute("PRAGMA page_size").fetchone()[0]
        db.execute(f"PRAGMA max_page_count={self._max_bytes // page_bytes + SPARE_PAGES}")

    def _move_aside(self, error: sqlite3.DatabaseError) -> None:
        """Keep the damaged file under another name: nothing is deleted, and nothing stands in the way of new signals."""
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        self.damaged = self.path.with_name(f"damaged-{stamp}-{FILE_NAME}")
        for suffix in ("-wal", "-shm", ""):
            part = self.path.with_name(self.path.name + suffix)
            if part.exists():
                part.rename(self.damaged.with_name(self.damaged.name + suffix))
        _log.error(
            "spool is damaged (%s): moved to %s; signals in it that were not sent are not in the database", error, self.damaged
        )

    def commit(self, batches: Sequence[Batch]) -> None:
        """Write all batches in one transaction; on return they are on the disk. Known ids are left as they are."""
        now_ms = _now_ms()
        signals = [(identity, body, now_ms) for batch in batches for identity, body in batch.signals]
        states = [(*key, body, now_ms) for batch in batches for key, body in batch.states.items()]
        if signals and self._used_bytes() > self._max_bytes:
            self.prune(0)
        with transaction(self._db, self.path, "write"):
            if signals and self._used_bytes() > self._max_bytes:
                found = f"{self._max_bytes // 1_000_000} MB at {self.path.parent}"
                raise SpoolFull("spool has reached its bound", found, "bring the database back, or raise ENGINE_SPOOL_MAX_MB")
            insert = "INSERT INTO signals (id, body, spooled_ms) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING"
            self._db.executemany(insert, signals)
            self._db.executemany("INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?)", states)

    def unsent(self, limit: int, after: int = 0) -> list[tuple[int, bytes]]:
        """(sequence, body) of signals not yet in the database, oldest first."""
        waiting = "sent_ms IS NULL AND error IS NULL AND sequence > ?"
        return self._read(f"SELECT sequence, body FROM signals WHERE {waiting} ORDER BY sequence LIMIT ?", (after, limit))  # noqa: S608

    def mark_sent(self, sequences: Iterable[int]) -> None:
        """These are in the database.

        Not flushed by itself: a mark lost in a power cut sends its signal again, which does no harm, and a flush would hold
        up commits.
        """
        self._read("PRAGMA synchronous=NORMAL", ())
        try:
            with transaction(self._db, self.path, "mark signals as sent"):
                now_ms = _now_ms()
                marks = [(now_ms, number) for number in sequences]
                self._db.executemany("UPDATE signals SET sent_ms = ? WHERE sequence = ?", marks)
        finally:
            self._read("PRAGMA synchronous=FULL", ())

    def set_aside(self, sequence: int, error: str) -> None:
        """The database refuses this one for good: kept with its error, not tried again."""
        with transaction(self._db, self.path, "set a signal aside"):
            self._db.execute("UPDATE signals SET error = ? WHERE sequence = ?", (error[:1000], sequence))

    def aside(self) -> list[tuple[int, bytes, str]]:
        """(sequence, body, error) of those set aside."""
        return self._read("SELECT sequence, body, error FROM signals WHERE error IS NOT NULL ORDER BY sequence", ())

    def recent(self, limit: int) -> list[bytes]:
        """Bodies of the newest signals, sent or not, newest first."""
        return [body for (body,) in self._read("SELECT body FROM signals ORDER BY sequence DESC LIMIT ?", (limit,))]

    def states(self) -> dict[StateKey, bytes]:
        """All match states."""
        rows = self._read("SELECT trader_id, version, body FROM states", ())
        return {(trader_id, version): body for trader_id, version, body in rows}

    def forget_states(self, keys: Iterable[StateKey]) -> None:
        """Remove states of versions that will not run again."""
        with transaction(self._db, self.path, "forget states"):
            self._db.executemany("DELETE FROM states WHERE trader_id = ? AND version = ?", list(keys))

    def prune(self, keep_ms: int, limit: int = 10_000) -> int:
        """Remove up to `limit` signals that were sent longer ago than `keep_ms`; returns how many."""
        with transaction(self._db, self.path, "prune"):
            oldest = "SELECT sequence FROM signals WHERE sent_ms < ? ORDER BY sent_ms LIMIT ?"
            gone = self._db.execute(f"DELETE FROM signals WHERE sequence IN ({oldest})", (_now_ms() - keep_ms, limit)).rowcount  # noqa: S608
        if gone:
            self._read("PRAGMA incremental_vacuum(1000)", ())
        return gone

    def counts(self) -> Counts:
        """How much there is."""
        query = """
            SELECT (SELECT count(*) FROM signals WHERE sent_ms IS NULL AND error IS NULL),
                   (SELECT count(*) FROM signals WHERE error IS NOT NULL),
                   (SELECT count(*) FROM signals),
                   (SELECT coalesce(spooled_ms, 0) FROM signals WHERE sent_ms IS NULL AND error IS NULL ORDER BY sequence LIMIT 1)
        """
        unsent, aside, kept, oldest = self._read(query, ())[0]
        return Counts(unsent, aside, kept, self._used_bytes(), oldest or 0)

    def checkpoint(self) -> None:
        """Move the log into the file; when there is no room for that now, the log is simply kept."""
        with suppress(sqlite3.OperationalError):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def wal_bytes(self) -> int:
        """Size of the log that a checkpoint would empty."""
        with suppress(FileNotFoundError):
            return self.path.with_name(f"{FILE_NAME}-wal").stat().st_size
        return 0

    def close(self) -> None:
        """Close the file; its log goes into it."""
        with suppress(sqlite3.OperationalError):
            self._db.close()

    def _used_bytes(self) -> int:
        page_bytes, pages, free = (
            self._read(f"PRAGMA {name}", ())[0][0] for name in ("page_size", "page_count", "freelist_count")
        )
        return int(page_bytes * (pages - free))

    def _read(self, query: str, values: tuple[object, ...]) -> list[tuple]:  # type: ignore[type-arg]
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise translated(error, self.path, "read") from error


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
