"""Running filters: compiled once, asked about each symbol, and whatever they do turned into an answer.

No state survives. The module level of a filter is run again for each item of a task; where it holds anything that a call
could change (a list, a dict), again for each symbol. So an answer depends on the market and the instant only, never on which
symbols were asked before, in which batch, or in which process.
"""

import contextlib
import gc
import logging
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any, Final

import numpy as np

from engine.base.types import INTERVAL_MS
from engine.wire.messages import (
    Fault,
    FilterLoaded,
    FilterResult,
    LoadFilter,
    Match,
    Step,
    Task,
    TaskDone,
)
from engine.wire.slots import SlotWriter
from indicators import IndicatorError, catalog
from workers import namespaces, policy
from workers.answers import BadAnswer, details_of, message_of
from workers.deadline import Deadline, DeadlinePassed
from workers.klines import TICKER_FIELDS
from workers.market import Frame, Market
from workers.memory import Memory
from workers.room import RESULT_BYTES_MAX, Room

log = logging.getLogger("workers.runner")

#: Faults told in full in one result; the texts of further ones are cut, so that an answer stays small.
FAULTS_IN_FULL: Final = 5
CUT_CHARS: Final = 80
NO: Final = np.False_


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter ready to run. `intervals`, shortest first, has at least one: the ticker is derived from the first."""

    filter_id: int
    code: CodeType
    intervals: tuple[str, ...]
    fields: frozenset[str]
    reads_ticker: bool
    keeps_state: bool
    #: Functions behind its calls of indicators, by global name.
    sites: dict[str, Callable[..., Any]]


class Constants:
    """Equal constants of all filters made one object, since the memory knows arguments by identity."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[type, Any], Any] = {}

    def shared(self, code: CodeType) -> CodeType:
        """The same code with shared numbers, functions inside it included."""
        return code.replace(co_consts=tuple(self._one(constant) for constant in code.co_consts))

    def _one(self, constant: Any) -> Any:
        if isinstance(constant, CodeType):
            return self.shared(constant)
        if type(constant) in (int, float) and len(self._numbers) < 100_000:
            # By repr: 0.0 and -0.0 are equal and not the same.
            return self._numbers.setdefault((type(constant), repr(constant)), constant)
        return constant


class Runner:
    """All filters of one worker."""

    def __init__(self, market: Market, memory: Memory, slot: SlotWriter, deadline: Deadline) -> None:
        self._market = market
        self._memory = memory
        self._slot = slot
        self._deadline = deadline
        self._constants = Constants()
        self._filters: dict[int, Filter] = {}
        #: Indicators of new filters.
        self._unloaded: set[str] = set()

    def load(self, message: LoadFilter) -> FilterLoaded:
        """Check and keep a filter; raises FilterRefused. Whatever somebody else said of its source, it is checked here."""
        # Should this process not survive it, the slot tells of whom.
        self._slot.begin(0, message.filter_id, time.monotonic_ns())
        try:
            return self._keep(message, policy.check(message.code))
        finally:
            self._slot.idle()

    def _keep(self, message: LoadFilter, verdict: policy.Verdict) -> FilterLoaded:
        self._unloaded.update(verdict.indicators)
        extra = [name for name in (verdict.refresh, *message.intervals) if name in INTERVAL_MS]
        intervals = tuple(sorted({*verdict.intervals, *extra}, key=INTERVAL_MS.__getitem__)) or (message.default_interval,)
        self._filters[message.filter_id] = Filter(
            message.filter_id,
            self._constants.shared(verdict.code),
            intervals,
            frozenset(verdict.fields) - {"open_time"},
            verdict.reads_ticker,
            verdict.keeps_state,
            {site.name: self._memory.prepared.function(site) for site in verdict.sites},
        )
        return FilterLoaded(message.filter_id, verdict.refresh, verdict.symbols, intervals, verdict.lookback)

    def _load_kernels(self) -> None:
        """See that machine code of new filters is there, before the time of any filter runs.

        A locked worker has it from its nursery or not at all: whoever was forked too early is replaced before a filter comes.
        """
        while self._unloaded:
            name = self._unloaded.pop()
            try:
                catalog.BY_NAME[name].kernel.load()
            except IndicatorError as error:
                # The call will say so to the filter's owner.
                log.error("%s", error)

    @property
    def held_bytes(self) -> int:
        """Memory that is used on purpose: what is remembered of indicators, and the picture of the market."""
        return self._memory.usage.bytes + self._market.bytes

    def drop(self, filter_id: int) -> None:
        """Forget a filter."""
        self._filters.pop(filter_id, None)

    def run(self, task: Task) -> TaskDone:
        """Answer a task, whatever its filters do, short of killing the process."""
        started_ns, cpu_ns = time.monotonic_ns(), time.thread_time_ns()
        results: list[FilterResult] = []
        room = Room(sum(len(item.filter_ids) for step in task.steps for item in step.items))
        self._load_kernels()
        # Division by zero in a filter gives inf or NaN, as documented, without a warning; nor may others fill the log.
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"), _collected_by_hand():
            for number, step in enumerate(task.steps):
                # Bringing the market up to date is no filter's doing.
                self._slot.begin(task.task_id, 0, time.monotonic_ns())
                results.extend(self._step(task, number, step, room))
                self._deadline.rest()
        self._slot.idle()
        wall_us = (time.monotonic_ns() - started_ns) // 1_000
        return TaskDone(task.task_id, tuple(results), wall_us, (time.thread_time_ns() - cpu_ns) // 1_000)

    def _step(self, task: Task, number: int, step: Step, room: Room) -> Iterable[FilterResult]:
        symbols = sorted({symbol for item in step.items for symbol in item.symbols})
        known = {filter_id for item in step.items for filter_id in item.filter_ids} & self._filters.keys()
        frame = self._market.step(step.as_of_ms, step.forming, symbols, self._needs(known))
        for place, item in enumerate(step.items):
            for filter_id in item.filter_ids:
                loaded = self._filters.get(filter_id)
                if loaded is None:
                    yield FilterResult(number, place, filter_id, 0, unasked=item.symbols)
                    continue
                now_ns = time.monotonic_ns()
                self._slot.begin(task.task_id, filter_id, now_ns)
                room.open()
                self._deadline.begin(task.hard_limit_ms, now_ns)
                asking = _Asking(loaded, self._memory.ta, room)
                yield self._ask(asking, frame, (number, place), item.symbols, task.soft_limit_ms)

    def _needs(self, filter_ids: Iterable[int]) -> dict[str, frozenset[str]]:
        needs: dict[str, frozenset[str]] = {}
        for filter_id in sorted(filter_ids):
            loaded = self._filters[filter_id]
            for interval in loaded.intervals:
                needs[interval] = needs.get(interval, frozenset()) | loaded.fields
            if loaded.reads_ticker:
                needs[loaded.intervals[0]] |= TICKER_FIELDS
        return needs

    def _ask(
        self, asking: "_Asking", frame: Frame, place: tuple[int, int], symbols: tuple[int, ...], soft_ms: int
    ) -> FilterResult:
        loaded = asking.loaded
        questions, unready = frame.questions(symbols, loaded.intervals)
        # Of this thread: while a timer counts its CPU time, the clock of the process moves at ticks of the kernel only.
        cpu_ns = time.thread_time_ns()
        interrupted = None
        try:
            try:
                self._deadline.arm(soft_ms)
                if asking.lacks_memory(questions):
                    # It may have left what only a collection frees, and none has been made yet: once more, then.
                    self._deadline.disarm()
                    gc.collect()
                    self._deadline.arm(soft_ms)
                    asking.ask(questions)
            finally:
                # It may strike here as well, as long as it is not disarmed.
                self._deadline.disarm()
        except DeadlinePassed as passed:
            self._deadline.disarm()
            interrupted = Fault(
                0, "deadline", _line_of(passed), f"stopped after {soft_ms} ms of CPU time for {len(questions)} symbols"
            )
        except MemoryError as error:
            interrupted = Fault(0, "memory", _line_of(error), "used more memory than a worker has")
        asking.namespace.clear()
        # All it made is young, as no collection was made since. It goes now, in its own time and with its name in the slot:
        # freeing it may take long, or end the process, and its memory is wanted by others.
        gc.collect(0)
        unasked: tuple[int, ...] = ()
        if interrupted is not None:
            unasked = asking.interrupted(questions, interrupted)
        return FilterResult(
            *place,
            loaded.filter_id,
            (time.thread_time_ns() - cpu_ns) // 1_000,
            tuple(asking.matches),
            tuple(asking.faults),
            unready,
            unasked,
        )


class _Asking:
    """One filter over the symbols of one item; what it has said so far survives an interruption."""

    def __init__(self, loaded: Filter, ta: Any, room: Room) -> None:
        self.loaded = loaded
        self.namespace: dict[str, Any] = {}
        self.matches: list[Match] = []
        self.faults: list[Fault] = []
        self._ta = ta
        self._room = room
        self._position = 0

    def lacks_memory(self, questions: list[Any]) -> bool:
        """Ask; whether memory ran out. What held it in the filter is gone by then, so that the rest can be asked once more."""
        try:
            self.ask(questions)
        except MemoryError:
            return True
        return False

    def ask(self, questions: list[Any]) -> None:
        """Each symbol in turn, from the one in hand on. Raises DeadlinePassed and MemoryError; all else is noted down."""
        check: Callable[..., Any] | None = None
        ta, anew = self._ta, self.loaded.keeps_state
        first = self._position
        for self._position, (symbol, ticker, klines) in enumerate(questions[first:], first):
            try:
                if check is None or anew:
                    check = self._check_function()
                answer = check(ticker, klines, ta)
                # NumPy's comparisons answer with one and the same object, too.
                if answer is False or answer is None or answer is NO:
                    continue
                details = details_of(answer)
                if details and not self._room.take(details):
                    raise BadAnswer(
                        "details", f"details of one round had more than {RESULT_BYTES_MAX // 1024} KB, or their share: say less"
                    )
            except MemoryError:
                raise
            except BadAnswer as bad:
                self._note(Fault(symbol, bad.kind, 0, str(bad)))
            except Exception as error:
                self._note(Fault(symbol, "exception", _line_of(error), message_of(error)))
            else:
                if details is not None:
                    self.matches.append(Match(symbol, details))

    def _check_function(self) -> Callable[..., Any]:
        self.namespace.clear()
        self.namespace.update(namespaces.fresh())
        self.namespace.update(self.loaded.sites)
        exec(self.loaded.code, self.namespace)  # noqa: S102 - checked by the policy; this is what workers are for
        check: Callable[..., Any] = self.namespace["check"]
        return check

    def _note(self, fault: Fault) -> None:
        if len(self.faults) >= FAULTS_IN_FULL:
            fault = Fault(fault.symbol, fault.kind, fault.line, fault.message[:CUT_CHARS])
        if not self._room.take(fault.message):
            fault = Fault(fault.symbol, fault.kind, fault.line, "")
        self.faults.append(fault)

    def interrupted(self, questions: list[Any], fault: Fault) -> tuple[int, ...]:
        """Put the blame on the symbol in hand; returns those after it."""
        if not questions:
            return ()
        symbol = questions[self._position][0]
        # The interruption may have come just after an answer was noted; the fault stands.
        self.matches = [match for match in self.matches if match.symbol != symbol]
        self.faults = [other for other in self.faults if other.symbol != symbol]
        self.faults.append(Fault(symbol, fault.kind, fault.line, fault.message))
        return tuple(question[0] for question in questions[self._position + 1 :])


@contextlib.contextmanager
def _collected_by_hand() -> Iterator[None]:
    """Circles of references are not looked for meanwhile, but where somebody asks for it."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _line_of(error: BaseException) -> int:
    """Line of the filter in which it happened; 0 when it has none."""
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == policy.FILENAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
