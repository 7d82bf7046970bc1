"""The roster: versions of traders come, run, are replaced, refused, paused and forgotten."""

import uuid

import pytest

from engine.supervisor.roster import Pauses, Roster, Trader
from engine.traders.definition import Strategy, TraderDefinition
from engine.traders.pause import Pause
from engine.traders.store import Problem
from engine.wire.messages import FilterLoaded, FilterRefusal

RANKED = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
LISTED = frozenset(RANKED)
ID = str(uuid.UUID(int=1))


def definition(version: int = 1, **changes) -> TraderDefinition:
    fields = {
        "id": ID,
        "user_id": "alice",
        "name": "bounce",
        "enabled": True,
        "code": "def check(ticker, klines, ta): return True",
        "refresh": "",
        "symbols": (),
        "intervals": (),
        "strategy": Strategy(),
        "version": version,
        "cloud_config": {},
    }
    return TraderDefinition(**fields | changes)


@pytest.fixture
def roster() -> Roster:
    return Roster(default_interval="5m")


def only(roster: Roster) -> Trader:
    (trader,) = roster.traders.values()
    return trader


def run(roster: Roster, one: TraderDefinition, **said) -> int:
    """Take a definition in and let a worker accept it; returns its filter id."""
    (message,) = roster.update([one], {}).load
    said.setdefault("intervals", ("5m",))
    assert roster.plan(FilterLoaded(message.filter_id, **said), RANKED, LISTED) is not None
    return message.filter_id


def test_a_trader_runs_once_a_worker_has_told_what_its_code_reads(roster):
    (message,) = roster.update([definition()], {}).load
    assert only(roster).state == "waiting"
    version, replaced = roster.plan(FilterLoaded(message.filter_id, "15m", ("top:2",), ("1h", "5m")), RANKED, LISTED)
    assert replaced is None
    assert version.intervals == ("5m", "15m", "1h")
    assert version.interval == "15m"
    assert version.symbols == ("BTCUSDT", "ETHUSDT")
    assert version.plan.refresh_ms == 15 * 60_000
    assert only(roster).state == "running"
    assert roster.needed() == {name: {"5m", "15m", "1h"} for name in version.symbols}


@pytest.mark.parametrize(
    ("code_says", "row_says", "expected"),
    [("15m", "1h", 15 * 60_000), ("", "1h", 60 * 60_000), ("", "", 5 * 60_000)],
)
def test_the_code_has_the_word_on_refresh_then_the_row_then_the_shortest_interval(roster, code_says, row_says, expected):
    filter_id = run(roster, definition(refresh=row_says), refresh=code_says, intervals=("5m", "1h"))
    assert roster.version(filter_id).plan.refresh_ms == expected


def test_a_time_driven_trader_names_its_shortest_interval_in_signals(roster):
    version = roster.version(run(roster, definition(), refresh="10s", intervals=("1h", "5m")))
    assert version.plan.seconds
    assert version.interval == "5m"


def test_a_filter_that_reads_nothing_runs_on_the_default_interval(roster):
    version = roster.version(run(roster, definition(), intervals=()))
    assert version.intervals == ("5m",)


def test_an_unchanged_row_changes_nothing(roster):
    run(roster, definition())
    assert roster.update([definition()], {}).load == ()


def test_a_new_version_replaces_the_running_one_when_it_is_planned_and_not_before(roster):
    first = run(roster, definition(1))
    (message,) = roster.update([definition(2)], {}).load
    assert [version.filter_id for version in roster.running()] == [first]
    version, replaced = roster.plan(FilterLoaded(message.filter_id, intervals=("5m",)), RANKED, LISTED)
    assert replaced.filter_id == first
    assert roster.running() == [version]
    assert roster.version(first) is None


def test_a_refused_new_version_leaves_the_old_one_running_and_says_why(roster):
    first = run(roster, definition(1))
    (message,) = roster.update([definition(2)], {}).load
    roster.refuse(FilterRefusal(message.filter_id, 3, 7, "open", "open is not allowed"))
    assert [version.filter_id for version in roster.running()] == [first]
    assert only(roster).problem == "version 2 is refused, version 1 goes on: line 3, column 7: open is not allowed"
    assert only(roster).refusal.document() == {
        "version": 2,
        "line": 3,
        "column": 7,
        "construct": "open",
        "message": "open is not allowed",
    }
    assert only(roster).state == "running"
    # And it is not tried again whenever the rows are read, only when there is a newer version
    assert roster.update([definition(2)], {}).load == ()
    assert only(roster).problem
    run(roster, definition(3))
    assert only(roster).problem == ""
    assert only(roster).refusal is None


def test_a_version_overtaken_by_a_newer_one_is_forgotten_and_its_report_ignored(roster):
    (second,) = roster.update([definition(2)], {}).load
    changes = roster.update([definition(3)], {})
    assert changes.forget == (second.filter_id,)
    assert roster.plan(FilterLoaded(second.filter_id), RANKED, LISTED) is None


@pytest.mark.parametrize("said", [{"refresh": "1w"}, {"symbols": ("NOPE",)}, {"intervals": ("7m",)}])
def test_what_cannot_be_planned_is_refused_with_its_value(roster, said):
    (message,) = roster.update([definition()], {}).load
    assert roster.plan(FilterLoaded(message.filter_id, **said), RANKED, LISTED) is None
    assert only(roster).state == "refused"
    assert any(str(value[0] if isinstance(value, tuple) else value) in only(roster).problem for value in said.values())


@pytest.mark.parametrize("rows", [[], [definition(2, enabled=False)]])
def test_a_trader_that_is_gone_or_disabled_is_forgotten(roster, rows):
    filter_id = run(roster, definition())
    assert roster.update(rows, {}).forget == (filter_id,)
    assert roster.traders == {}
    assert roster.needed() == {}


def test_a_paused_trader_runs_again_when_its_owner_changes_it(roster):
    filter_id = run(roster, definition(1))
    roster.pause(filter_id, "killed", "killed its worker twice", 0)
    assert only(roster).state == "paused"
    assert roster.running() == []
    run(roster, definition(2))
    assert only(roster).state == "running"


def paused(roster: Roster, kind: str = "flood") -> int:
    """A trader that runs, is paused, and whose pause the database has; returns its filter id."""
    filter_id = run(roster, definition(1))
    assert roster.pause(filter_id, kind, "too much", 1_000) is only(roster)
    roster.pause_stored(ID)
    return filter_id


def pauses(*found: Pause, asked_s: float = float("inf"), asked_ms: int = 0) -> Pauses:
    return Pauses({one.trader_id: one for one in found}, asked_s, asked_ms)


def test_a_stored_pause_keeps_its_version_from_running_after_a_restart_and_no_newer_one(roster):
    stored = Pause(ID, 2, "flood", "more than 100 signals in an hour", 1_000)
    changes = roster.update([definition(2)], {}, pauses(stored, asked_s=1.0))
    assert changes.load == ()
    assert only(roster).state == "paused"
    assert only(roster).pause == stored
    (message,) = roster.update([definition(3)], {}, pauses(stored)).load
    assert roster.version(message.filter_id).definition.version == 3
    assert only(roster).pause is None


def test_a_pause_ends_when_the_database_has_it_no_more_and_the_same_version_runs_again(roster):
    filter_id = paused(roster)
    changes = roster.update([definition(1)], {}, pauses(asked_ms=5_000))
    assert changes.resumed == (only(roster),)
    assert changes.forget == (filter_id,)
    (message,) = changes.load
    version = roster.version(message.filter_id)
    assert (version.definition.version, version.begins_ms) == (1, 5_000)
    # What closed while it was paused is not asked about
    assert version.begin_ms("BTCUSDT", 1_000) == 5_000


def test_an_answer_of_the_database_from_before_the_pause_does_not_end_it(roster):
    filter_id = run(roster, definition(1))
    roster.pause(filter_id, "flood", "too much", 1_000)
    # Not stored yet
    assert roster.update([definition(1)], {}, pauses()).resumed == ()
    roster.pause_stored(ID)
    # Stored, but asked before
    assert roster.update([definition(1)], {}, pauses(asked_s=0.5)).resumed == ()
    assert only(roster).state == "paused"


def test_what_the_circuit_breaker_stopped_is_not_started_by_a_new_version(roster):
    paused(roster, "breaker")
    assert roster.update([definition(2)], {}, pauses(Pause(ID, 1, "breaker", "", 1_000))).load == ()
    assert only(roster).state == "paused"
    # Only by its owner, and then with the newest version
    (message,) = roster.update([definition(2)], {}, pauses()).load
    assert roster.version(message.filter_id).definition.version == 2


def test_answers_on_their_way_make_a_pause_harder_and_never_softer(roster):
    filter_id = paused(roster, "flood")
    assert roster.pause(filter_id, "strikes", "again", 2_000) is None
    assert only(roster).pause.kind == "flood"
    assert roster.pause(filter_id, "breaker", "far too much", 2_000) is only(roster)
    assert roster.pause(filter_id, "breaker", "and more", 3_000) is None
    assert only(roster).pause.reason == "far too much"


def test_a_new_version_that_ends_its_worker_leaves_the_old_one_running(roster):
    run(roster, definition(1))
    (message,) = roster.update([definition(2)], {}).load
    assert roster.pause(message.filter_id, "killed", "it ended the worker that ran it", 1_000) is None
    assert only(roster).state == "running"
    assert "ended the worker" in only(roster).problem


def test_a_new_version_begins_with_a_clean_record(roster):
    run(roster, definition(1))
    only(roster).strikes = 2
    only(roster).conduct.strike(1_000)
    run(roster, definition(2))
    assert only(roster).strikes == 0
    assert only(roster).conduct.strikes(1_000, 1_000, 1_000) == 0


def test_a_pause_of_the_version_that_goes_on_beside_a_refused_one_holds_until_it_is_resumed(roster):
    # Given a version that runs beside a newer one that is refused
    first = run(roster, definition(1))
    (message,) = roster.update([definition(2)], {}).load
    roster.refuse(FilterRefusal(message.filter_id, 3, 7, "open", "open is not allowed"))
    # When it is paused
    roster.pause(first, "flood", "too many signals", 5)
    roster.pause_stored(only(roster).id)
    # Then the rows, read again, change nothing
    assert roster.update([definition(2)], {}, pauses(only(roster).pause)).load == ()
    assert only(roster).state == "paused"
    # And once the database has no pause any more, it is the older version that comes back
    (message,) = roster.update([definition(2)], {}, pauses(asked_ms=77)).load
    version, _ = roster.plan(FilterLoaded(message.filter_id, intervals=("5m",)), RANKED, LISTED)
    assert (version.definition.version, version.begins_ms) == (1, 77)
    assert only(roster).state == "running"
    assert only(roster).refusal.version == 2
    assert roster.update([definition(2)], {}).load == ()


def test_an_invalid_row_is_shown_with_its_reason_and_keeps_no_other_from_running(roster):
    other = str(uuid.UUID(int=2))
    changes = roster.update([definition()], {other: Problem("broken", "code is missing")})
    assert len(changes.load) == 1
    assert roster.traders[other].state == "refused"
    assert roster.traders[other].problem == "code is missing"
    # And it goes when its row goes
    roster.update([definition()], {})
    assert other not in roster.traders


def test_a_new_ranking_moves_symbols_of_traders_that_say_top_and_leaves_their_versions_alone(roster):
    filter_id = run(roster, definition(), symbols=("top:2",))
    (move,) = roster.rank_again(["SOLUSDT", "ADAUSDT", "DOTUSDT", "BTCUSDT", "ETHUSDT"])
    assert (move.came, move.left) == ({"SOLUSDT", "ADAUSDT"}, {"BTCUSDT", "ETHUSDT"})
    assert move.version is roster.version(filter_id)
    assert move.version.symbols == ("SOLUSDT", "ADAUSDT")
    assert roster.needed().keys() == {"SOLUSDT", "ADAUSDT"}


def test_a_new_ranking_that_hardly_differs_moves_nobody(roster):
    run(roster, definition(), symbols=("top:2",))
    assert roster.rank_again(["BTCUSDT", "ETHUSDT", "SOLUSDT", "ADAUSDT"]) == []
    assert roster.rank_again(["ETHUSDT", "BTCUSDT", "SOLUSDT", "ADAUSDT"]) == []


def test_a_new_ranking_does_not_concern_traders_that_name_their_symbols(roster):
    version = roster.version(run(roster, definition(), symbols=("ETHUSDT",)))
    assert roster.rank_again(["SOLUSDT"]) == []
    assert version.symbols == ("ETHUSDT",)
