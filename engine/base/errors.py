"""Every error the product raises, in one tree; foreign exceptions are translated at the border and chained.

    EngineError
    ├── UsageError                  wrong use of a command
    ├── SettingsError               a setting is unknown or out of range
    ├── FilterRefused               a filter says something the policy does not allow
    ├── TraderError                 a trader is unknown or its row is invalid
    ├── HomeError                   the home directory cannot be used
    │   └── HomeLocked              another engine uses it
    ├── AddressInUse                a port is taken
    ├── ExchangeError               the exchange, or the way to it
    │   ├── ExchangeUnreachable     no connection, or no sensible answer, after retries
    │   ├── ExchangeRefused         it answered with an error code of its own
    │   ├── RateLimited             429: too much weight; carries the pause asked for
    │   │   └── Banned              418: the address is banned until a given time
    │   └── BadReply                a reply that does not have the promised shape
    ├── DatabaseError
    │   ├── DatabaseUnreachable
    │   └── MigrationFailed
    ├── SpoolError
    │   └── SpoolFull               the disk under the spool is full
    ├── CandleError
    │   ├── LayoutMismatch          a segment of another version or shape
    │   └── SegmentFull             no room for another symbol, interval or bar
    ├── RecordingError              a recording cannot be written or read
    ├── WireError                   bytes of another process that are not a message
    ├── PoolError
    │   ├── WorkerBootFailed        workers or nursery do not come up
    │   └── SandboxRefused          workers cannot be locked down enough for filters that nobody trusts
    └── RuleBroken                  a decision contradicts our own tables: a bug

Who must act is told by the branch: retry (exchange, database, spool), operator (settings, home, address, recording),
programmer (wire, candles, rule broken).
"""

from engine.base import exitcodes


class EngineError(Exception):
    """Root of all errors of the product; shown to people as one line `what: found: advice`."""

    exit_code = exitcodes.FAILED

    def __init__(self, what: str, found: object = "", advice: str = "") -> None:
        self.what = what
        self.found = str(found)
        self.advice = advice
        super().__init__(": ".join(part for part in (what, self.found, advice) if part))


class UsageError(EngineError):
    """A command was called in a way it does not understand."""

    exit_code = exitcodes.USAGE


class SettingsError(EngineError):
    """A setting is unknown, has the wrong type or is out of its range."""

    exit_code = exitcodes.REFUSED


class FilterRefused(EngineError):
    """A filter contains a construct that the policy does not allow; says where, and what to write instead."""

    exit_code = exitcodes.REFUSED

    def __init__(self, what: str, *, line: int, column: int, construct: str, advice: str = "") -> None:
        super().__init__(f"line {line}, column {column}: {what}", construct, advice)
        self.line = line
        self.column = column
        self.construct = construct


class TraderError(EngineError):
    """A trader is unknown, or one of its fields is outside the contract."""

    exit_code = exitcodes.REFUSED


class HomeError(EngineError):
    """The directory of local state cannot be created, read or written."""


class HomeLocked(HomeError):
    """Another engine already runs on the same home."""


class AddressInUse(EngineError):
    """A listening address is taken by another program."""


class ExchangeError(EngineError):
    """Something between the engine and the exchange went wrong."""

    exit_code = exitcodes.EXCHANGE_UNREACHABLE


class ExchangeUnreachable(ExchangeError):
    """The exchange did not answer, or with nothing sensible, after all retries."""


class ExchangeRefused(ExchangeError):
    """The exchange answered with an error code of its own (`{"code": -1121, "msg": …}`), or refused without one (code 0)."""

    def __init__(self, what: str, *, code: int, message: str, status: int = 400, advice: str = "") -> None:
        super().__init__(what, f"{code} {message}" if code else message, advice)
        self.code = code
        self.message = message
        self.status = status


class RateLimited(ExchangeError):
    """The exchange asked for a pause (429); `retry_after_s` says how long."""

    def __init__(self, what: str, found: object = "", advice: str = "", *, retry_after_s: float) -> None:
        super().__init__(what, found, advice)
        self.retry_after_s = retry_after_s


class Banned(RateLimited):
    """The exchange banned this address (418); nothing may be sent before `retry_after_s` has passed."""


class BadReply(ExchangeError):
    """A reply of the exchange does not have the promised shape."""


class DatabaseError(EngineError):
    """A statement failed in the database."""

    exit_code = exitcodes.DATABASE_UNREACHABLE


class DatabaseUnreachable(DatabaseError):
    """No connection to the database."""


class MigrationFailed(DatabaseError):
    """A migration could not be applied, or an applied one was changed afterwards."""


class SpoolError(EngineError):
    """The local spool of signals cannot be read or written."""


class SpoolFull(SpoolError):
    """The disk under the spool is full."""


class CandleError(EngineError):
    """The shared candles are used against their rules."""


class LayoutMismatch(CandleError):
    """A segment was made by another version, or is not one of ours."""


class SegmentFull(CandleError):
    """The segment has no room for another symbol or interval."""


class RecordingError(EngineError):
    """A recording of the exchange's traffic cannot be written or read."""

    exit_code = exitcodes.REFUSED


class WireError(EngineError):
    """Bytes from another process are not a message of the protocol."""


class PoolError(EngineError):
    """The pool of workers cannot do what was asked."""


class WorkerBootFailed(PoolError):
    """The nursery or its workers do not come up."""


class SandboxRefused(PoolError):
    """Workers lack a measure without which filters are not run, unless the operator allows it by name."""

    exit_code = exitcodes.REFUSED


class RuleBroken(EngineError):
    """The product did what its own tables do not allow: a bug; the text carries the history that led there."""
