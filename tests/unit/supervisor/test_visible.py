"""What an engine tells of its feeds: health of each part, who waits for what, numbers, and the text for people."""

import re
from dataclasses import asdict

import pytest

from cli.status import feed_lines, lines
from engine.dispatch.limits import Counts
from engine.feeds.facts import ClockFacts, SeriesFacts
from engine.feeds.freshness import State
from engine.feeds.lag import Quantiles
from engine.feeds.listing import Halt
from engine.supervisor import figures, state
from engine.supervisor.feed_facts import FeedFacts
from engine.supervisor.health import Health, Word, components
from engine.supervisor.roster import Roster, Trader
from engine.supervisor.sandbox import UNSANDBOXED, Sandbox
from engine.supervisor.state import Facts
from engine.supervisor.waiting import LINES_MAX, waiting_for, worst_first
from engine.telemetry.metrics import render
from engine.wire.measures import LANDLOCK, SECCOMP
from engine.wire.messages import FilterLoaded
from tests.data import ROOT
from tests.unit.supervisor.test_roster import definition

SINCE_MS = 1_700_006_400_000
SINCE = "2023-11-15T00:00:00.000Z"
SAFE = Sandbox(2, (SECCOMP, LANDLOCK))
COUNTS = dict.fromkeys(
    (*figures.COUNTERS, "connections", "streams", "attempts_5m", "weight_used"),
    7,
)


def series(symbol: str, interval: str = "1m", word: State = State.STALE, since_ms: int = SINCE_MS) -> SeriesFacts:
    return SeriesFacts(symbol, interval, word, since_ms, 0, since_ms, "" if word is State.LIVE else "a bar is missing")


def feeds(live: int = 3, *troubles: SeriesFacts, **changes) -> FeedFacts:
    counts = dict.fromkeys(map(str, State), 0)
    counts[State.LIVE] = live
    for one in troubles:
        counts[one.state] += 1
    told = {
        "stats": COUNTS,
        "history_done": 3,
        "history_total": 3,
        "weight_used": 100,
        "weight_limit": 6_000,
        "clock": ClockFacts(-12.0, 3.0, 1.5, 1.0, False, 0),
        "event_lag": Quantiles(4.0, 20.0),
        "close_lag": Quantiles(60.0, 2_000.0),
    }
    return FeedFacts(series=counts, troubles=worst_first(troubles), **(told | changes))


def facts(**changes) -> Facts:
    told = {
        "state": "running", "user": "alice", "pid": 1, "since": SINCE, "exchange": "sim", "exchange_url": "http://x",
        "exchange_real": False, "workers_target": 2, "workers_ready": 2, "worker_pids": [2, 3], "symbols": 3, "intervals": ["1m"],
        "bars": 10, "bars_per_second": 1.0, "signals": 0, "faults": 0, "cycles": 4, "cycle_p50_ms": 1.0, "cycle_p99_ms": 2.0,
        "evaluations_waiting": 0, "database": {"state": "up", "place": "here", "reason": ""},
        "spool": {"unsent": 0, "set_aside": 0}, "sandbox": SAFE, "traders": dict.fromkeys(("paused", "refused"), 0),
        "feeds": feeds(), "dispatch": asdict(Counts()),
    }  # fmt: skip
    return Facts(**(told | changes))


def trader(*symbols: str, refresh: str = "1m", intervals: tuple[str, ...] = ("1m", "1h")) -> Trader:
    roster = Roster("5m")
    (message,) = roster.update([definition()], {}).load
    roster.plan(FilterLoaded(message.filter_id, refresh, symbols, intervals), symbols, frozenset(symbols))
    (made,) = roster.traders.values()
    return made


def test_everything_in_order_is_ok_and_healthy():
    assert {part.state for part in components(facts()).values()} == {Word.OK}
    assert Health().document(facts(), SINCE_MS)["state"] == "healthy"


STALE, NOTHING = series("BTCUSDT"), series("NEWUSDT", word=State.NO_DATA)
REPAIRED = series("ETHUSDT", word=State.REPAIRING)


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (feeds(0), Word.OK),
        (feeds(2, STALE), Word.DEGRADED),
        (feeds(0, REPAIRED), Word.DEGRADED),
        (feeds(0, STALE, REPAIRED), Word.DEGRADED),
        (feeds(0, STALE), Word.FAILED),
        (feeds(0, STALE, NOTHING), Word.FAILED),
        (feeds(0, NOTHING), Word.STARTING),
        (feeds(5, NOTHING), Word.STARTING),
    ],
)
def test_feeds_have_failed_when_all_that_was_there_is_stale_and_start_while_history_comes(found, word):
    assert components(facts(feeds=found))["feeds"].state is word


@pytest.mark.parametrize(
    ("part", "changes", "word", "said"),
    [
        ("exchange", {"feeds": feeds(problem="connection 0: refused")}, Word.DEGRADED, "refused"),
        ("exchange", {"feeds": feeds(problem="connection 0: refused"), "state": "starting"}, Word.STARTING, "refused"),
        ("exchange", {"feeds": feeds(pause_s=30.0)}, Word.DEGRADED, "pause of 30 s"),
        ("exchange", {"feeds": feeds(pause_s=120.0, is_banned=True)}, Word.DEGRADED, "banned for 120 s"),
        ("exchange", {"feeds": feeds(weight_used=5_900)}, Word.DEGRADED, "5900 of 6000"),
        ("feeds", {"feeds": feeds(event_lag=Quantiles(1_500.0, 9_000.0))}, Word.DEGRADED, "later than 1500 ms"),
        ("history", {"feeds": feeds(history_done=1, history_seconds_left=9.0)}, Word.STARTING, "1 of 3 series, about 9 s left"),
        ("history", {"feeds": feeds(history_problem="BTCUSDT 1m: status 500")}, Word.DEGRADED, "status 500"),
        ("candles", {"problems": {"candles": "no room for 2 more symbols"}}, Word.DEGRADED, "no room"),
        ("clock", {"feeds": feeds(clock=ClockFacts(2_500.0, 3.0, None, 1.0, True, 0))}, Word.DEGRADED, "-2.5 s"),
        ("workers", {"workers_ready": 1}, Word.DEGRADED, "1 of 2"),
        ("workers", {"workers_ready": 0}, Word.FAILED, "0 of 2"),
        ("workers", {"workers_ready": 0, "state": "starting"}, Word.STARTING, "0 of 2"),
        ("sandbox", {"sandbox": Sandbox(2, (SECCOMP,), {LANDLOCK: "[Errno 38] x"})}, Word.DEGRADED, f"missing: {LANDLOCK}"),
        ("sandbox", {"sandbox": Sandbox(2, (LANDLOCK,), {SECCOMP: "[Errno 1] x"})}, Word.FAILED, "none: 1 measures"),
        ("sandbox", {"sandbox": Sandbox(2, (), {SECCOMP: "[Errno 1] x"}, allow_unsandboxed=True)}, Word.DEGRADED, UNSANDBOXED),
        ("sandbox", {"sandbox": Sandbox(), "state": "starting", "feeds": None}, Word.STARTING, ""),
        ("database", {"problems": {"database": "away"}}, Word.DEGRADED, "away"),
        ("spool", {"problems": {"spool": "disk full"}}, Word.DEGRADED, "disk full"),
        ("recording", {"problems": {"recording": "disk full"}}, Word.DEGRADED, "disk full"),
        ("traders", {"traders": {"paused": 1, "refused": 2}}, Word.DEGRADED, "1 paused, 2 refused"),
    ],
)
def test_each_part_says_what_is_wrong_and_what_to_do(part, changes, word, said):
    found = components(facts(**changes))[part]
    assert found.state is word
    assert said in found.reason
    assert found.advice or word is Word.STARTING


def test_before_the_exchange_is_asked_everything_about_it_is_starting_and_nothing_has_failed():
    document = Health().document(facts(state="starting", feeds=None, workers_ready=0), SINCE_MS)
    assert document["state"] == "degraded"
    assert {document["components"][name]["state"] for name in ("exchange", "feeds", "history", "clock", "workers")} == {
        "starting"
    }


def test_health_tells_since_when_a_part_is_as_it_is_not_since_when_its_reason_changed():
    health = Health()
    health.look(facts(), SINCE_MS)
    health.look(facts(feeds=feeds(2, STALE)), SINCE_MS + 1_000)
    document = health.document(facts(feeds=feeds(1, STALE, STALE)), SINCE_MS + 5_000)
    assert document["components"]["feeds"]["since"] == "2023-11-15T00:00:01.000Z"
    assert document["components"]["feeds"]["reason"].startswith("2 of 3 series are not live: BTCUSDT 1m: stale since")
    assert document["components"]["clock"]["since"] == SINCE
    assert document["state"] == "degraded"


def test_a_trader_waits_by_name_for_series_it_reads_and_for_no_other():
    released = {"OLDUSDT": Halt("BREAK", SINCE_MS), "FOREIGNUSDT": Halt("HALT", SINCE_MS)}
    found = [
        series("BTCUSDT", "1h"), series("BTCUSDT", "5m"), series("ADAUSDT", "1m"),
        series("ETHUSDT", "1m", State.REPAIRING), series("ETHUSDT", "1h", State.LIVE),
    ]  # fmt: skip
    waits = waiting_for(trader("BTCUSDT", "ETHUSDT", "OLDUSDT"), worst_first(found), released)
    assert waits.total == 3
    assert waits.lines == [
        f"OLDUSDT: not traded (BREAK) since {SINCE}",
        f"BTCUSDT 1h: stale since {SINCE}, a bar is missing",
        f"ETHUSDT 1m: repairing since {SINCE}, a bar is missing",
    ]


def test_a_trader_that_waits_for_very_many_series_is_told_few_and_how_many():
    names = [f"S{number}USDT" for number in range(100)]
    waits = waiting_for(trader(*names), worst_first([series(name) for name in names]), {})
    assert (waits.total, len(waits.lines)) == (100, LINES_MAX)


def test_the_text_for_people_names_what_is_not_live_who_waits_and_what_is_not_traded():
    one = trader("BTCUSDT")
    waits = waiting_for(one, worst_first([STALE]), {})
    found = facts(
        feeds=feeds(2, STALE, history_done=2, history_seconds_left=4.0, pause_s=12.0),
        waits={one.id: waits},
        released=[{"symbol": "OLDUSDT", "status": "BREAK", "since": SINCE}],
        last_problems=[{"at": SINCE, "part": "feed", "text": "connection 0: refused"}],
    )
    document = state.status(found, [one])
    text = "\n".join(f"{name} {value}" for name, value in [*lines(document), *feed_lines(document)])
    for words in (
        "7 streams on 7 connections, 2 live", "7 reconnects", "event p99 20 ms", "2 of 3 series, about 4 s left",
        "100 of 6000", "nothing is sent for 12 s", "-12 ms", "+1.5 ppm", f"BTCUSDT 1m stale since {SINCE}", "bounce for 1 series",
        f"OLDUSDT (BREAK since {SINCE})", "connection 0: refused",
    ):  # fmt: skip
        assert words in text


def test_the_text_for_people_can_be_made_before_anything_is_known():
    document = state.status(facts(feeds=None), [])
    assert ("", "lag: not measured yet") in feed_lines(document)


def test_a_trader_shows_what_it_waits_for():
    one = trader("BTCUSDT")
    shown = state.trader(one, waiting_for(one, worst_first([STALE]), {}))
    assert shown["waiting_for"] == [f"BTCUSDT 1m: stale since {SINCE}, a bar is missing"]
    assert shown["waiting_for_count"] == 1
    assert state.trader(one, None)["waiting_for"] == []


def test_every_metric_that_the_manual_names_is_there():
    page = (ROOT / "docs" / "operations.md").read_text()
    documented = set(re.findall(r"^\| `(engine_[a-z0-9_]+)", page, re.MULTILINE))
    exposed = render(figures.samples(facts(), [])).decode()
    there = {line.split("{")[0].split(" ")[0] for line in exposed.splitlines() if not line.startswith("#")}
    assert len(documented) > 30
    assert documented <= there
