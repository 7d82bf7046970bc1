"""What supervisor and workers say to each other: ids, names and numbers, never a candle.

Every message is immutable. Symbols and intervals are named by their index in the candle segment's tables; a filter by
`filter_id`, a number the supervisor gives to one (trader, version) for as long as it runs. Times end in `_ms` and are
exchange time since the epoch, UTC.
"""

import msgspec

#: Both sides send it in their first message; a difference ends the worker with a clear log line.
PROTOCOL_VERSION = 1

#: Largest details object a filter may return, as JSON bytes.
DETAILS_BYTES_MAX = 4096
#: Longest text of an error that crosses the boundary, in characters.
TEXT_CHARS_MAX = 500


class Message(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Base of all messages; encoded as a tagged array."""


# --- supervisor to worker -------------------------------------------------------------------------------------------


class LoadFilter(Message, frozen=True):
    """Check and compile a filter and keep it under its id. Answer: FilterLoaded or FilterRefusal."""

    filter_id: int
    trader: str
    code: str
    #: Intervals the trader asks for beyond those that its code reads; mostly empty.
    intervals: tuple[str, ...] = ()
    #: Interval whose bars make the ticker of a filter that reads none and names none.
    default_interval: str = "5m"


class DropFilter(Message, frozen=True):
    """Forget a filter. No answer."""

    filter_id: int


class Item(msgspec.Struct, frozen=True, array_like=True):
    """Ask each filter about each symbol; filters in this order, the culprit of a crash is one of them."""

    filter_ids: tuple[int, ...]
    symbols: tuple[int, ...]


class Step(msgspec.Struct, frozen=True, array_like=True):
    """One instant: what is asked as of `as_of_ms`.

    With `forming` false the last element of every interval is the last bar closed at or before `as_of_ms`; with `forming`
    true it is the bar still forming when the worker reads shared memory.
    """

    as_of_ms: int
    forming: bool
    items: tuple[Item, ...]


class Task(Message, frozen=True):
    """Work for one worker: steps in the order of their instants. Answer: TaskDone."""

    task_id: int
    steps: tuple[Step, ...]
    #: CPU time that one filter may use for one item before it is interrupted.
    soft_limit_ms: int
    #: Time that one filter may take for one item before the kernel ends the worker.
    hard_limit_ms: int = 5_000


class Ping(Message, frozen=True):
    """Are you there? Answer: Pong with the same number. Also tells the worker that its supervisor lives."""

    sequence: int


class Drain(Message, frozen=True):
    """Leave after the task in hand. Answer: Bye, then exit code 0."""


# --- worker to supervisor -------------------------------------------------------------------------------------------


class Ready(Message, frozen=True):
    """First message of a worker: it may be given work."""

    slot: int
    pid: int
    protocol: int = PROTOCOL_VERSION
    #: Measures of its lockdown that hold, and those that do not, each with the reason.
    in_force: tuple[str, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()


class FilterLoaded(Message, frozen=True):
    """The filter passed the policy, compiled and waits; with what its code says of itself.

    The supervisor never parses a filter: refresh, symbols and intervals reach it by this message.
    """

    filter_id: int
    #: `refresh` as the code states it ("5m", "10s"), or empty.
    refresh: str = ""
    #: `symbols` as the code states it: ("top:100",) or names; empty when it says nothing.
    symbols: tuple[str, ...] = ()
    #: Every interval the code reads, shortest first.
    intervals: tuple[str, ...] = ()
    #: Bars of the longest look-back found in the code; 0 when unknown.
    lookback: int = 0


class FilterRefusal(Message, frozen=True):
    """The filter is refused; where and why."""

    filter_id: int
    line: int
    column: int
    construct: str
    message: str


class Match(msgspec.Struct, frozen=True, array_like=True):
    """A filter said yes; `details` is JSON text of its dict, or empty."""

    symbol: int
    details: str = ""


class Fault(msgspec.Struct, frozen=True, array_like=True):
    """A filter failed on a symbol. `kind` is one of exception, result, details, deadline, memory."""

    symbol: int
    kind: str
    line: int
    message: str


class FilterResult(msgspec.Struct, frozen=True, array_like=True):
    """What one filter said in one item; symbols named nowhere were answered with no.

    `step` and `item` are positions in the task. `unready` are symbols without a bar at `as_of_ms` in some interval: not
    asked. After a `deadline` or `memory` fault the symbols after it were not asked either and are listed in `unasked`.
    """

    step: int
    item: int
    filter_id: int
    cpu_us: int
    matches: tuple[Match, ...] = ()
    faults: tuple[Fault, ...] = ()
    unready: tuple[int, ...] = ()
    unasked: tuple[int, ...] = ()


class TaskDone(Message, frozen=True):
    """The answer to a Task, complete: one FilterResult for each (step, item, filter) in order."""

    task_id: int
    results: tuple[FilterResult, ...]
    wall_us: int
    cpu_us: int


class Pong(Message, frozen=True):
    """The worker's heartbeat, with what it holds."""

    sequence: int
    rss_bytes: int
    memory_hits: int
    memory_misses: int
    memory_bytes: int = 0
    #: Memory that is the worker's alone, and how much of that it accounts for: indicators and its picture of the market.
    own_bytes: int = 0
    held_bytes: int = 0


class Bye(Message, frozen=True):
    """Last message of a worker that was asked to leave."""

    reason: str


ToWorker = LoadFilter | DropFilter | Task | Ping | Drain
FromWorker = Ready | FilterLoaded | FilterRefusal | TaskDone | Pong | Bye
