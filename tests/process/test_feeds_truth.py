"""Each fault of the exchange against a bare feed, both as processes: afterwards shared memory is the truth, bar by bar.

One pair of processes serves all scenarios, one after the other, as long as the feed does not lie. The exchange's time runs 120
times as fast, so a bar of a minute closes twice in a second.
"""

import contextlib
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from benchmarks import processes
from benchmarks.judge import Judge
from benchmarks.processes import Exchange, FeedProcess

SYMBOLS, INTERVALS, SPEED = 12, ("1m", "3m", "5m"), 120
GRACE_MS, SILENCE_MS = 300, 1_500
#: Time for one thing to happen, whatever else the machine does.
WITHIN_S = 20.0


class Stage(NamedTuple):
    """An exchange, a feed, and who watches it."""

    exchange: Exchange
    feed: FeedProcess
    judge: Judge

    def stats(self) -> dict[str, int]:
        """Counters of the feed."""
        found: dict[str, int] = self.feed.ask("report")["stats"]
        return found

    def until(self, what: str, condition: Any) -> None:
        """Wait for something that only a look can tell."""
        deadline_s = time.monotonic() + WITHIN_S
        while not condition():
            if time.monotonic() > deadline_s:
                raise AssertionError(
                    f"not {what}: {self.feed.ask('report')} {self.exchange.call('/sim/faults')}\n{self.feed.log()}"
                )
            time.sleep(0.02)

    def until_struck(self, times: int = 1) -> None:
        """Wait until each fault that has occasions has struck so often, or is over."""
        self.until(
            "struck",
            lambda: all(fault["struck"] >= times or not fault["active"] for fault in self.exchange.call("/sim/faults")),
        )

    def until_more_closes(self, count: int = SYMBOLS) -> None:
        """Wait until so many more bars have been announced."""
        self.feed.wait("closes", WITHIN_S, count=self.feed.ask("report")["told"] + count)

    def until_truth_grows(self, bars: int, number: int = 0) -> None:
        """Wait until so many more minutes of a symbol are over at the exchange, whether anybody is told or not."""
        symbol = self.judge.symbols[number]
        start_ms = self.feed.held()[symbol, "1m"][-1].open_time
        self.until(f"{bars} minutes on", lambda: len(self.exchange.truth(symbol, "1m", start_ms)) > bars)

    def calm(self) -> None:
        """End all faults, wait until everything is whole again; afterwards nothing may have been a lie."""
        self.exchange.relent()
        self.until_more_closes()
        self.feed.wait("live", WITHIN_S)
        assert self.judge.verdict() == []


@pytest.fixture(scope="module")
def stages() -> Iterator[list[Any]]:
    """Holds the stage of now, if there is one, and ends it."""
    held: list[Any] = []
    yield held
    for _, closing in held:
        closing.close()


@pytest.fixture
def stage(stages: list[Any]) -> Iterator[Stage]:
    """A feed that told the truth so far."""
    if not stages:
        stages.append(_open())
    here, closing = stages[0]
    yield here
    if here.exchange.call("/sim/faults"):
        # It did not come to rest: others begin with a feed that has not failed.
        stages.clear()
        closing.close()


def _open() -> tuple[Stage, contextlib.ExitStack]:
    with contextlib.ExitStack() as opening:
        exchange = opening.enter_context(processes.exchange("--speed", str(SPEED), "--symbols", str(SYMBOLS)))
        settings = {"symbols": str(SYMBOLS), "close_grace_ms": GRACE_MS, "silence_ms": SILENCE_MS, "history_bars": 200}
        rings = (SYMBOLS, len(INTERVALS) + 1, 3_000)
        feed = opening.enter_context(processes.feed(exchange, rings, max_streams_per_connection=20, catch_up_bars=0, **settings))
        judge = Judge(exchange, feed, history_bars=200, close_grace_ms=GRACE_MS)
        judge.require(feed.ask("universe")["symbols"], INTERVALS)
        feed.wait("live", WITHIN_S)
        return Stage(exchange, feed, judge), opening.pop_all()


@pytest.mark.parametrize("code", [None, 1001], ids=str)
def test_after_sockets_were_cut_only_what_is_missing_is_fetched(stage: Stage, code: int | None) -> None:
    before, rows = stage.stats(), stage.exchange.audit()["klines"]
    # When all sockets are cut
    stage.exchange.strike("drop", **({} if code is None else {"code": code}))
    stage.until("connected again", lambda: stage.stats()["reconnects"] >= before["reconnects"] + 2)
    stage.calm()
    # Then a reply holds what was missing and the row that proves it closed, and nothing else
    now, audit = stage.stats(), stage.exchange.audit()["klines"]
    fetched, replies = audit["rows"] - rows["rows"], audit["requests"] - rows["requests"]
    assert fetched <= now["repaired"] - before["repaired"] + now["duplicates"] - before["duplicates"] + 2 * replies


def test_after_an_outage_every_series_is_complete_again(stage: Stage) -> None:
    before = stage.stats()
    # Given that several bars of every symbol close while nothing reaches the exchange
    stage.exchange.strike("refuse", where="all")
    stage.exchange.strike("drop")
    stage.until_truth_grows(6)
    stage.calm()
    assert stage.stats()["repaired"] >= before["repaired"] + 4 * SYMBOLS


def test_closes_that_are_never_sent_are_fetched(stage: Stage) -> None:
    before = stage.stats()
    stage.exchange.strike("omit_closes", chance=0.5)
    stage.until("repaired", lambda: stage.stats()["repaired"] >= before["repaired"] + SYMBOLS)
    stage.calm()


def test_the_last_word_of_the_exchange_about_a_bar_wins_and_is_not_announced_again(stage: Stage) -> None:
    before = stage.stats()
    stage.exchange.strike("revise", count=5, back=1)
    stage.until("revised", lambda: stage.stats()["revised"] >= before["revised"] + 5)
    stage.calm()


@pytest.mark.parametrize(
    ("fault", "counter"),
    [
        ({"kind": "duplicate", "copies": 3, "events": "closes"}, "duplicates"),
        ({"kind": "reorder", "depth": 5}, "out_of_order"),
        ({"kind": "delay", "ms": 400, "chance": 0.5}, "out_of_order"),
        ({"kind": "malformed", "chance": 0.3, "form": "cut"}, "malformed"),
        ({"kind": "malformed", "chance": 0.3, "events": "closes"}, "invalid"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else value,
)
def test_events_that_are_spoiled_leave_no_trace(stage: Stage, fault: dict[str, Any], counter: str) -> None:
    before = stage.stats()
    stage.exchange.strike(**fault)
    stage.until(f"more {counter}", lambda: stage.stats()[counter] >= before[counter] + 3)
    stage.until_more_closes()
    stage.calm()


@pytest.mark.parametrize(
    "faults",
    [
        [
            {"kind": "http", "status": 429, "retry_after_s": 1, "count": 2},
            {"kind": "http", "status": 418, "retry_after_s": 1, "count": 1},
        ],
        [
            {"kind": "truncated", "chance": 0.4},
            {"kind": "not_json", "chance": 0.4},
        ],
        [{"kind": "http", "status": 503, "chance": 0.4}, {"kind": "slow_body", "ms": 800}],
    ],
    ids=["pauses asked for", "no rows", "slow and failing"],
)
def test_replies_that_are_no_rows_delay_a_repair_and_spoil_nothing(stage: Stage, faults: list[dict[str, Any]]) -> None:
    before = stage.stats()
    for fault in faults:
        stage.exchange.strike(**fault, path="klines")
    # When bars are missing
    stage.exchange.strike("omit_closes", chance=0.5)
    stage.until_struck()
    stage.until_more_closes()
    stage.calm()
    assert stage.stats()["repaired"] > before["repaired"]


def test_sockets_whose_end_is_announced_are_replaced_before_they_go(stage: Stage) -> None:
    before, sockets = stage.stats(), stage.exchange.audit()["connections"]["open"]
    # When the exchange says that it will close all sockets
    stage.exchange.strike("shutdown", s=6.0)
    stage.until("replaced", lambda: stage.stats()["replacements"] >= before["replacements"] + sockets)
    stage.calm()
    # Then each had its successor while it still delivered
    assert stage.stats()["reconnects"] == before["reconnects"]


def test_sockets_that_end_again_and_again_without_a_word_cost_no_bar(stage: Stage) -> None:
    attempts = stage.exchange.audit()["connections"]["attempts"]
    stage.exchange.strike("lifetime", s=4.0, code=1001)
    stage.until("new sockets", lambda: stage.exchange.audit()["connections"]["attempts"] >= attempts + 2)
    stage.calm()


def test_sockets_that_fall_into_a_black_hole_are_noticed_and_replaced(stage: Stage) -> None:
    attempts = stage.exchange.audit()["connections"]["attempts"]
    stage.exchange.strike("blackhole")
    stage.until("new sockets", lambda: stage.exchange.audit()["connections"]["attempts"] >= attempts + 2)
    stage.calm()


def test_a_server_that_accepts_and_stays_silent_is_not_waited_for(stage: Stage) -> None:
    stage.exchange.strike("silent", count=2)
    stage.exchange.strike("drop")
    stage.until("silent", lambda: stage.exchange.call("/sim/faults")[0]["struck"] >= 2)
    stage.calm()


@pytest.mark.parametrize(
    "fault", [{"kind": "ignore_subscribe", "count": 1}, {"kind": "too_many", "count": 1}], ids=lambda fault: fault["kind"]
)
def test_a_subscription_that_fails_is_made_again(stage: Stage, fault: dict[str, Any]) -> None:
    stage.exchange.strike(**fault)
    stage.exchange.strike("drop")
    stage.until("struck", lambda: stage.exchange.call("/sim/faults")[0]["struck"] >= 1)
    stage.calm()


@pytest.mark.parametrize("ms", [-5_000, 600_000])
def test_a_clock_that_is_wrong_for_a_while_neither_invents_nor_loses_a_bar(stage: Stage, ms: int) -> None:
    stage.exchange.strike("skew", ms=ms)
    stage.until_truth_grows(3)
    stage.calm()


def test_a_symbol_that_halts_goes_on_where_it_resumes(stage: Stage) -> None:
    symbol = stage.judge.symbols[-1]
    # Given a symbol without trades for some minutes
    stage.exchange.call("/sim/symbols", {"symbol": symbol, "status": "HALT"})
    stage.until_truth_grows(3)
    # When it resumes
    stage.exchange.call("/sim/symbols", {"symbol": symbol, "status": "TRADING"})
    stage.until_truth_grows(1, number=-1)
    stage.calm()
