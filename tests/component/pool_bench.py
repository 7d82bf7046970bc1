"""A whole dispatcher and pool for tests: real processes, real sockets; answers are collected and can be awaited."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from engine.dispatch.events import Evaluation
from engine.dispatch.instructions import Outcome, Question
from engine.dispatch.limits import Limits
from engine.dispatch.router import Callbacks, Dispatcher
from engine.pool.pool import Pool
from engine.pool.process import NurseryOptions
from engine.telemetry.logs import Logs
from engine.wire.messages import FilterLoaded, FilterRefusal, LoadFilter
from engine.wire.slots import Slots
from engine.wire.sockets import endpoint_for

FAKE = (sys.executable, str(Path(__file__).with_name("fake_worker.py")))
WAIT_S = 20.0


@dataclass
class Answers:
    """What the dispatcher has told."""

    outcomes: list[Outcome] = field(default_factory=list)
    given_up: list[tuple[int, tuple[Question, ...], str]] = field(default_factory=list)
    loaded: list[FilterLoaded] = field(default_factory=list)
    refused: list[FilterRefusal] = field(default_factory=list)


@dataclass
class Bench:
    """What a test holds in its hands."""

    dispatcher: Dispatcher
    pool: Pool
    told: Answers

    @property
    def outcomes(self) -> list[Outcome]:
        return self.told.outcomes

    @property
    def given_up(self) -> list[tuple[int, tuple[Question, ...], str]]:
        return self.told.given_up

    @property
    def loaded(self) -> list[FilterLoaded]:
        return self.told.loaded

    @property
    def refused(self) -> list[FilterRefusal]:
        return self.told.refused

    def load(self, *codes: str) -> None:
        """Filters 1, 2, 3 … with these codes."""
        for number, code in enumerate(codes, 1):
            self.dispatcher.load_filter(LoadFilter(number, f"trader {number}", code))

    def submit(self, symbols: Sequence[int], as_of_ms: int, *filter_ids: int, forming: bool = False) -> None:
        self.dispatcher.submit([Evaluation(symbol, as_of_ms, forming, tuple(filter_ids)) for symbol in symbols])

    def answers(self) -> list[tuple[int, int, int]]:
        """(symbol, as_of_ms, filter_id) of everything reported, in the order of the reports."""
        return [
            (symbol, outcome.as_of_ms, result.filter_id)
            for outcome in self.outcomes
            for result in outcome.results
            for symbol in outcome.symbols
        ]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something is so; every report of the dispatcher is a reason to look again."""
        async with asyncio.timeout(WAIT_S):
            while not condition():  # noqa: ASYNC110 (processes are watched from outside)
                await asyncio.sleep(0.005)


@asynccontextmanager
async def bench(
    home: Path, workers: int = 2, limits: Limits | None = None, program: tuple[str, ...] = FAKE, candles_fd: int | None = None
) -> AsyncIterator[Bench]:
    """Nursery, workers and dispatcher; on the way out everything is stopped and nothing may be left."""
    slots = Slots.create(16)
    candles = os.memfd_create("no-candles") if candles_fd is None else candles_fd
    with Logs() as logs:
        endpoint = endpoint_for(home)
        pool = Pool(NurseryOptions(endpoint, candles, slots.fd, 500, program), logs.open_pipe)
        answers = Answers()
        callbacks = Callbacks(
            answers.outcomes.extend,
            lambda *given: answers.given_up.append(given),
            answers.loaded.append,
            answers.refused.append,
        )
        dispatcher = Dispatcher(endpoint, pool, slots, limits or Limits(), callbacks)
        try:
            pool.start(dispatcher)
            dispatcher.resize(workers)
            await pool.warm()
            assert await dispatcher.wait_ready(WAIT_S)
            yield Bench(dispatcher, pool, answers)
        finally:
            await pool.stop(2.0)
            dispatcher.close()
            slots.close()
            os.close(candles)
