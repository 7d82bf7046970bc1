"""Foreign errors of the database, translated at the border: one line, never a password. Decides nothing else."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import conninfo, errors

from engine.base.errors import DatabaseError, DatabaseUnreachable, SettingsError

#: Classes of SQLSTATE that blame the row, not the server or the statement: data exception, integrity constraint.
DATA_CLASSES = ("22", "23")

_SECRETS = re.compile(r"(password\s*=\s*)('[^']*'|\S+)|(://[^/@\s:]*:)[^@\s]*(?=@)", re.IGNORECASE)
ADVICE = "is the server running, and is DATABASE_URL right?"


def parameters(url: str) -> dict[str, str]:
    """The parts of a URL or `key=value` string; raises SettingsError without repeating what may hold a password."""
    try:
        return {name: str(value) for name, value in conninfo.conninfo_to_dict(url).items() if value is not None}
    except psycopg.ProgrammingError:
        advice = "write postgresql://user:password@host:5432/database"
        # The driver's text may quote a part of the password, so it is not even chained.
        raise SettingsError("database URL is malformed", "***", advice) from None


def describe(url: str) -> str:
    """Where a database is, for people: host, port and name, no secret."""
    parts = parameters(url)
    host = parts.get("host") or parts.get("hostaddr") or "localhost"
    port = "" if host.startswith("/") else f":{parts.get('port', '5432')}"
    return f"{host}{port}/{parts.get('dbname', parts.get('user', ''))}"


def one_line(error: BaseException) -> str:
    """First telling line of a driver's message, secrets masked."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("Multiple connection attempts", "- host:"))] or lines
    return _SECRETS.sub(lambda found: f"{found[1] or found[3]}***", telling[0] if telling else type(error).__name__)


@contextmanager
def translated(place: str, doing: str) -> Iterator[None]:
    """Turn what the driver raises into DatabaseUnreachable (no connection) or DatabaseError (a statement failed)."""
    try:
        yield
    except TimeoutError as error:
        raise DatabaseUnreachable("database does not answer", f"{place}: {doing}", ADVICE) from error
    except (errors.OperationalError, psycopg.InterfaceError) as error:
        raise _of_operation(error, place, doing) from error
    except psycopg.Error as error:
        raise DatabaseError(f"database refused to {doing}", one_line(error)) from error


def _of_operation(error: psycopg.Error, place: str, doing: str) -> DatabaseError:
    """An operational error with a SQLSTATE of a statement (disk full, lock timeout) is not a lost connection."""
    state = error.sqlstate or ""
    if state and not state.startswith(("08", "57P", "28", "3D")):
        return DatabaseError(f"database could not {doing}", one_line(error))
    return DatabaseUnreachable("database cannot be reached", f"{place}: {one_line(error)}", ADVICE)


def blames_row(error: DatabaseError) -> bool:
    """Whether the database refused the data itself, so that sending it again cannot help."""
    cause = error.__cause__
    return isinstance(cause, psycopg.Error) and (cause.sqlstate or "").startswith(DATA_CLASSES)
