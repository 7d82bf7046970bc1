"""When the exchange is asked again for its symbols, and what makes the question urgent."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import ExchangeUnreachable
from engine.base.settings import Settings
from engine.feeds.facts import SeriesFacts
from engine.feeds.freshness import State
from engine.feeds.listing import Listing
from engine.supervisor import symbols
from engine.supervisor.symbols import SOON_S, Agenda, SymbolWatch, Turn, mute_symbols

OLD = frozenset({"OLDUSDT"})
NOBODY: frozenset[str] = frozenset()


def turns(agenda: Agenda, until_s: int, suspects=lambda _now_s: NOBODY) -> list[tuple[int, Turn]]:
    """One look a second; the moments at which something is done."""
    given_turns = ((now_s, agenda.turn(now_s, suspects(now_s))) for now_s in range(1, until_s + 1))
    return [(now_s, turn) for now_s, turn in given_turns if turn is not Turn.NOTHING]


def test_the_list_is_read_and_the_ranking_made_each_in_its_time():
    assert turns(Agenda(300, 900, 0), 1_800) == [
        (300, Turn.LIST), (600, Turn.LIST), (900, Turn.RANK), (1_200, Turn.LIST), (1_500, Turn.LIST), (1_800, Turn.RANK)
    ]  # fmt: skip


def test_no_ranking_is_made_when_none_is_wished():
    assert {turn for _, turn in turns(Agenda(300, 0, 0), 10_000)} == {Turn.LIST}


def test_a_suspicion_makes_the_question_come_soon_and_the_same_one_again_ever_later():
    found = [now_s for now_s, _ in turns(Agenda(300, 0, 0), 1_300, lambda _now_s: OLD)]
    assert found == [10, 30, 70, 150, 310, 610, 910, 1_210]


def test_a_suspicion_against_another_symbol_is_fresh():
    found = turns(Agenda(300, 0, 0), 400, lambda now_s: OLD if now_s < 200 else OLD | {"OTHERUSDT"})
    assert [now_s for now_s, _ in found] == [10, 30, 70, 150, 200, 220, 260, 340]


def test_a_suspicion_that_went_and_comes_back_is_fresh():
    found = turns(Agenda(300, 0, 0), 120, lambda now_s: NOBODY if 50 <= now_s < 60 else OLD)
    assert [now_s for now_s, _ in found] == [10, 30, 60, 80, 120]


def test_the_list_is_read_each_minute_while_a_symbol_is_halted_and_never_less_often_than_without():
    agenda = Agenda(300, 0, 0)
    found = [now_s for now_s in range(1, 250) if agenda.turn(now_s, any_halted=True) is Turn.LIST]
    assert found == [60, 120, 180, 240]
    often = Agenda(20, 0, 0)
    assert [now_s for now_s in range(1, 70) if often.turn(now_s, any_halted=True) is Turn.LIST] == [20, 40, 60]


def test_a_ranking_that_failed_is_made_again_soon():
    agenda = Agenda(300, 3_600, 0)
    assert agenda.turn(3_600) is Turn.RANK
    agenda.failed(Turn.RANK, 3_605)
    assert agenda.turn(3_700) is Turn.NOTHING
    assert agenda.turn(3_905) is Turn.RANK


@given(st.integers(1, 1_000), st.integers(0, 5_000), st.lists(st.booleans(), min_size=1, max_size=300))
def test_questions_never_come_closer_than_the_shortest_pause_whatever_is_seen(relist_s, rerank_s, seen):
    agenda = Agenda(relist_s, rerank_s, 0)
    moments = [at for at, turn in turns(agenda, len(seen), lambda now_s: OLD if seen[now_s - 1] else NOBODY) if turn is Turn.LIST]
    assert all(later - earlier >= min(SOON_S, relist_s) for earlier, later in pairwise(moments))


def facts(symbol: str, interval: str, state: State, last_closed_ms: int = 1) -> SeriesFacts:
    return SeriesFacts(symbol, interval, state, 0, 0, last_closed_ms, "")


def test_a_symbol_is_mute_when_none_of_its_series_is_live_and_it_had_bars():
    series = [
        facts("BTCUSDT", "1m", State.STALE), facts("BTCUSDT", "1h", State.LIVE),
        facts("OLDUSDT", "1m", State.STALE), facts("OLDUSDT", "1h", State.REPAIRING),
        facts("NEWUSDT", "1m", State.NO_DATA, -1),
    ]  # fmt: skip
    assert mute_symbols(series) == {"OLDUSDT"}


class Market:
    """Answers the questions of a watch as the test wishes."""

    def __init__(self, *answers: list[str] | Exception) -> None:
        self.listing = Listing()
        self.ranked = ["BTCUSDT", "ETHUSDT"]
        self.answers = list(answers)

    async def rank_again(self) -> list[str]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        self.ranked = answer
        return answer


class Feed:
    def __init__(self, market: Market) -> None:
        self.market = market

    @property
    def ranked(self) -> list[str]:
        return self.market.ranked

    def states(self) -> dict[str, int]:
        return {State.LIVE: 3}


@pytest.mark.parametrize(
    "trouble", [ExchangeUnreachable("no answer", "x", "wait"), RuntimeError("a bug"), ["BTCUSDT", "ETHUSDT"]]
)
async def test_a_watch_goes_on_after_whatever_trouble_and_tells_what_changed(monkeypatch, trouble):
    monkeypatch.setattr(symbols, "LOOK_PAUSE_S", 0.001)
    market = Market(trouble, ["BTCUSDT", "ADAUSDT"])
    told: list[object] = []
    changed = asyncio.Event()

    def publish(kind: str, data: object) -> None:
        told.append((kind, data))
        changed.set()

    watch = SymbolWatch(Settings(rerank_s=0.01, relist_s=1), Feed(market), tuple, lambda: told.append("ranked"), publish)
    task = asyncio.create_task(watch.run())
    async with asyncio.timeout(10):
        await changed.wait()
    task.cancel()
    assert told[-2:] == ["ranked", ("universe_changed", {"came": ["ADAUSDT"], "left": ["ETHUSDT"]})]
