"""From which instant a symbol is asked about, when it is put on the schedule, leaves it, and comes back."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from engine.base.clock import ExchangeClock
from engine.base.settings import Settings
from engine.base.types import Kline
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.dispatch.events import Evaluation
from engine.dispatch.instructions import Outcome
from engine.signals.first_match import MatchState
from engine.signals.signal import Signal
from engine.supervisor.roster import Roster, Trader, Version
from engine.supervisor.screening import Screening
from engine.traders.pause import Pause
from engine.wire.messages import Fault, FilterLoaded, FilterResult, Match
from tests.unit.supervisor.test_roster import definition

M5 = 300_000
NOON = 1_700_006_400_000
KEY = (definition().id, 1)


class World:
    """A screening over candles of two symbols up to noon, whose evaluations are kept instead of done."""

    def __init__(self, segment: Segment) -> None:
        self.writer = Writer(segment)
        self.asked: list[Evaluation] = []
        self.roster = Roster("5m")
        (message,) = self.roster.update([definition()], {}).load
        names = ("BTCUSDT", "ETHUSDT")
        self.roster.plan(FilterLoaded(message.filter_id, intervals=("5m",)), names, frozenset(names))
        (self.version,) = self.roster.running()
        self.clock = ExchangeClock()
        self.clock.set(NOON, self.clock.monotonic_s())
        nothing = lambda *_: None  # noqa: E731  # a listener that does not listen
        self.screening = Screening(Settings(catch_up_bars=3), self.clock, self.writer, self.roster, None, "sim", nothing, nothing)
        self.states = {KEY: MatchState()}
        self.screening.connect(self, self.states)
        self.writer.add_interval("5m")
        for name in names:
            number = self.writer.add_symbol(name)
            for index in range(20, 0, -1):
                self.close(number, NOON - index * M5, tell=False)

    def submit(self, evaluations: list[Evaluation]) -> None:
        self.asked += evaluations

    def close(self, symbol: int, open_ms: int, *, tell: bool = True) -> None:
        self.writer.put_closed(symbol, 0, Kline(open_ms, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0))
        if tell:
            self.screening.bar_closed(symbol, 0, open_ms)

    async def instants(self, symbol: int) -> list[int]:
        """Instants as of which the symbol was asked about, in five minutes from noon."""
        await asyncio.sleep(0)
        return [(one.as_of_ms - NOON) // M5 for one in self.asked if one.symbol == symbol]


@pytest.fixture
def world() -> Iterator[World]:
    segment = Segment.create(4, 2, 200)
    made = World(segment)
    yield made
    segment.close()


def admit(world: World, *names: str) -> Version:
    world.screening.admit(world.version, names)
    return world.version


async def test_a_symbol_without_a_past_is_asked_about_as_of_the_last_close(world):
    admit(world, "BTCUSDT")
    assert await world.instants(0) == [0]
    assert await world.instants(1) == []


async def test_a_symbol_that_came_by_rank_is_asked_about_from_its_coming_on(world):
    world.version.entered_ms["BTCUSDT"] = NOON + 1_000
    admit(world, "BTCUSDT")
    assert await world.instants(0) == []
    world.close(0, NOON)
    assert await world.instants(0) == [1]


async def test_a_symbol_that_came_back_by_rank_does_not_make_up_for_the_time_it_was_out(world):
    world.states[KEY].apply(NOON - 10 * M5, ["BTCUSDT"], ["BTCUSDT"])
    world.version.entered_ms["BTCUSDT"] = NOON - 1
    admit(world, "BTCUSDT")
    # The close at noon came after it
    assert await world.instants(0) == [0]
    assert world.states[KEY].is_matched("BTCUSDT")


async def test_a_symbol_that_trades_again_makes_up_for_what_it_missed_as_far_as_allowed(world):
    world.states[KEY].apply(NOON - 10 * M5, ["BTCUSDT"], [])
    admit(world, "BTCUSDT")
    assert await world.instants(0) == [-2, -1, 0]


async def test_a_symbol_that_leaves_is_not_asked_about_any_more_and_others_are(world):
    version = admit(world, "BTCUSDT", "ETHUSDT")
    # Also not about what was due in this very moment
    world.screening.leave(version, {"BTCUSDT", "UNHEARDUSDT"})
    world.close(0, NOON)
    world.close(1, NOON)
    assert await world.instants(0) == []
    assert await world.instants(1) == [0, 1]
    # And when it is back, it goes on
    admit(world, "BTCUSDT")
    assert await world.instants(0) == [1]


async def test_closes_are_measured_from_the_end_of_their_bar(world):
    world.clock.set(NOON + M5 + 250, world.clock.monotonic_s())
    world.close(0, NOON)
    p50_ms, _ = world.screening.close_lag.quantiles()
    assert 250 <= p50_ms < 5_000


async def test_what_was_asked_at_an_exchange_whose_time_is_ahead_holds_nobody_up(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a trader that ran a day ahead on one symbol, in a simulator say, and was asked just now about another
    world.states[KEY].apply(NOON + 86_400_000, ["BTCUSDT"], ["BTCUSDT"])
    world.states[KEY].apply(NOON, ["ETHUSDT"], ["ETHUSDT"])
    world.screening.connect(world, world.states)
    admit(world, "BTCUSDT", "ETHUSDT")

    # When a bar closes
    for number in (0, 1):
        world.close(number, NOON)

    # Then both are asked about it, and only the other goes on where it was
    assert await world.instants(0) == [0, 1]
    assert await world.instants(1) == [1]
    assert not world.states[KEY].is_matched("BTCUSDT")
    assert world.states[KEY].is_matched("ETHUSDT")
    assert "1 symbols of traders were asked about later" in caplog.text


# --- signals of traders that find too much ---------------------------------------------------------------------------


class Answering(World):
    """The same with a spool that keeps what it is given, and a trader whose answers are written by the test."""

    def __init__(self, segment: Segment, settings: Settings) -> None:
        super().__init__(segment)
        self.stored: list[Signal] = []
        self.paused: list[Pause] = []
        self.screening = Screening(
            settings, self.clock, self.writer, self.roster, self, "sim", lambda _signals: None, self.take_pause
        )
        self.screening.connect(self, self.states)

    async def commit(self, signals: list[Signal], _states: dict) -> None:
        self.stored += signals

    def take_pause(self, trader: Trader, _version: Version) -> None:
        assert trader.pause is not None
        self.paused.append(trader.pause)

    async def answer(self, as_of_ms: int, *symbols: int, faults: tuple[Fault, ...] = (), asked: tuple[int, ...] = (0, 1)) -> None:
        matches = tuple(Match(symbol) for symbol in symbols)
        result = FilterResult(0, 0, self.version.filter_id, 1_000, matches, faults)
        self.screening.answered([Outcome(as_of_ms, False, asked, (result,))])
        await self.screening.commit()

    async def flicker(self, times: int, begin: int = 1) -> None:
        """Both symbols match at every other close, so many times."""
        for turn in range(begin, begin + times):
            await self.answer(NOON + 2 * turn * M5)
            await self.answer(NOON + (2 * turn + 1) * M5, 0, 1)


@pytest.fixture
def answering() -> Iterator[Callable[..., Answering]]:
    segments: list[Segment] = []

    def make(**bounds: int) -> Answering:
        segments.append(Segment.create(4, 2, 200))
        return Answering(segments[-1], Settings(**bounds))

    yield make
    for segment in segments:
        segment.close()


async def test_a_trader_that_finds_too_much_in_an_hour_is_paused_and_what_it_found_stays(answering):
    world = answering(pause_signals_per_hour=6, stop_signals_per_hour=0)
    await world.answer(NOON, 0, 1)
    await world.flicker(3)
    assert world.paused == []
    await world.flicker(1, begin=4)
    assert [(pause.kind, pause.reason) for pause in world.paused] == [("flood", "more than 6 signals in an hour")]
    assert len(world.stored) == 2 + 8
    # And it is told once, whatever else was on its way
    await world.flicker(1, begin=5)
    assert len(world.paused) == 1


async def test_the_circuit_breaker_stores_exactly_its_bound(answering):
    world = answering(pause_signals_per_hour=0, stop_signals_per_hour=5)
    await world.answer(NOON, 0, 1)
    await world.flicker(6)
    assert [pause.kind for pause in world.paused] == ["breaker"]
    # The first answers, and five more
    assert len(world.stored) == 2 + 5
    (trader,) = world.roster.traders.values()
    assert trader.conduct.cut == 12 - 5


async def test_a_screen_that_finds_hundreds_at_its_start_goes_on(answering):
    world = answering(pause_signals_per_hour=1, stop_signals_per_hour=1)
    await world.answer(NOON, 0, 1)
    assert len(world.stored) == 2
    assert world.paused == []


async def test_bad_answers_at_three_instants_pause_a_trader_and_at_one_do_not(answering):
    world = answering(strikes=3)
    bad = tuple(Fault(symbol, "result", 0, "check returned a list") for symbol in (0, 1))
    for turn in range(3):
        assert world.paused == []
        await world.answer(NOON + turn * M5, faults=bad)
    assert [pause.kind for pause in world.paused] == ["strikes"]
    assert "check returned a list" in world.paused[0].reason


async def test_errors_of_single_symbols_are_told_and_do_not_count_against_a_trader(answering):
    world = answering(strikes=1)
    for turn in range(5):
        await world.answer(NOON + turn * M5, faults=(Fault(0, "exception", 3, "IndexError"),))
    assert world.paused == []
    (trader,) = world.roster.traders.values()
    assert (trader.faults, trader.last_fault) == (5, "BTCUSDT, line 3: IndexError")
