"""Symbols that come up in the ranking, stop trading, come back or were listed a moment ago, and an exchange that goes away:
one engine as a program lives through all of it, and tells each by name."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.process.test_engine_program import add_traders, ask, engine, until
from tests.programs import Program, SimulatorAddress, home, simulator

#: Matches every other second, so that each even bar is a signal of its own, whatever prices do.
EVEN = """
refresh = "1s"
symbols = "top:3"
def check(ticker, klines, ta):
    return int(klines["1s"].open_time[-1] // 1000) % 2 == 0
"""
#: Runs on forming bars, and never matches.
SECONDS = """
refresh = "2s"
symbols = "top:3"
def check(ticker, klines, ta):
    return klines["1m"].close[-1] < 0
"""
NAMED = """
refresh = "1s"
symbols = ["BTCUSDT", "XRPUSDT"]
def check(ticker, klines, ta):
    return int(klines["1s"].open_time[-1] // 1000) % 2 == 0
"""


def steer(exchange: SimulatorAddress, what: str, body: dict[str, Any] | None = None, method: str = "POST") -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(exchange.rest + what, data, method=method), timeout=10) as answer:
        return json.load(answer)


def signals_of(running: Program, trader: str, symbol: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in list(running.out)]
    return [one for one in found if (one["trader"], one["symbol"]) == (trader, symbol)]


def wait_until(condition: Callable[[], Any], what: str, timeout_s: float = 30) -> Any:
    deadline_s = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline_s, f"{what} did not come"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Path, SimulatorAddress, Program]]:
    with home() as path:
        add_traders(path, "alice", even=EVEN, named=NAMED, seconds=SECONDS)
        settings = {"ENGINE_SYMBOLS": "3", "ENGINE_RERANK_S": "3", "ENGINE_RELIST_S": "1", "ENGINE_SILENCE_MS": "2000"}
        with (
            simulator("--seed", "3") as exchange,
            engine(path, **exchange.env, **settings, ENGINE_CLOSE_GRACE_MS="2000") as running,
        ):
            until(path, "/status", lambda found: found["signals"] > 3, 60)
            yield path, exchange, running
            assert running.stop() == 0, running.story()


def test_a_halted_symbol_is_released_by_name_and_comes_back_with_what_followed(world):
    path, exchange, running = world
    # Given a symbol that a trader names beside another
    steer(exchange, "/sim/symbols", {"symbol": "XRPUSDT", "status": "BREAK"})
    (released,) = until(path, "/status", lambda found: found["symbols_released"])["symbols_released"]
    assert (released["symbol"], released["status"]) == ("XRPUSDT", "BREAK")
    running.wait_for(r"released, .*XRPUSDT \(BREAK\)")
    (named,) = (one for one in ask(path, "/traders") if one["name"] == "named")
    assert named["state"] == "running"
    assert named["waiting_for"] == [f"XRPUSDT: not traded (BREAK) since {released['since']}"]
    assert ask(path, "/status")["waiting_for"]["named"]["count"] == 1
    # Then its trader goes on with the other, and the feed does not ask for what cannot come
    seen = len(signals_of(running, "named", "BTCUSDT"))
    failures = ask(path, "/status")["feeds"]["counts"]["history_failures"]
    wait_until(lambda: len(signals_of(running, "named", "BTCUSDT")) > seen + 1, "another signal")
    assert ask(path, "/status")["feeds"]["counts"]["history_failures"] == failures
    # And when it trades again it is there again, by itself, with each bar that the exchange made
    before = len(signals_of(running, "named", "XRPUSDT"))
    steer(exchange, "/sim/symbols", {"symbol": "XRPUSDT", "status": "TRADING"})
    until(path, "/status", lambda found: not found["symbols_released"])
    wait_until(lambda: len(signals_of(running, "named", "XRPUSDT")) > before + 2, "signals of a symbol that came back")
    told = [one["bar_open_time"] for one in signals_of(running, "named", "XRPUSDT")]
    assert len(told) == len(set(told))
    truth = steer(
        exchange, f"/sim/truth?symbol=XRPUSDT&interval=1s&startTime={millis(told[0])}&endTime={millis(told[-1])}", method="GET"
    )
    even = [row[0] for row in truth if row[0] // 1_000 % 2 == 0]
    matched = alternating([row[0] for row in truth])
    assert set(map(millis, told)) <= set(even)
    assert set(map(millis, told)) == set(matched), (told, matched)


def millis(iso: str) -> int:
    return round(datetime.fromisoformat(iso).timestamp() * 1e3)


def alternating(opens: list[int]) -> list[int]:
    """Bars at which the filter began to match: even ones, unless the bar before them in the series was even too."""
    found, matched = [], False
    for open_ms in opens:
        is_even = open_ms // 1_000 % 2 == 0
        if is_even and not matched:
            found.append(open_ms)
        matched = is_even
    return found


def test_a_symbol_that_comes_up_in_the_ranking_is_asked_about_from_then_on_and_its_predecessor_leaves(world):
    path, exchange, running = world
    # Given a new listing with five bars that is traded more than all others
    first = steer(exchange, "/sim/symbols", {"list": "FRESHUSDT", "bars": 5})
    now_ms = int(time.time() * 1e3)
    steer(exchange, "/sim/volumes", {"FRESHUSDT": 1e11})
    # Then it comes, with the history that there is, and its first signal is of its own time
    running.wait_for("universe ranked again: FRESHUSDT came")
    wait_until(lambda: signals_of(running, "even", "FRESHUSDT"), "a signal of the new listing")
    assert first["symbol"] == "FRESHUSDT"
    assert millis(signals_of(running, "even", "FRESHUSDT")[0]["bar_open_time"]) >= now_ms - 1_000
    assert not any(one["late"] for one in signals_of(running, "even", "FRESHUSDT")[:1])
    # And a version that runs is not begun anew for it
    assert {one["version"] for one in ask(path, "/traders")} == {1}
    assert {one["symbols"] for one in ask(path, "/traders") if one["name"] != "named"} == {3}
    # And a small change of ranks moves nobody
    changes = len([line for line in running.err if "ranked again" in line])
    requests = ask(path, "/status")["feeds"]["counts"]["rest_requests"]
    until(path, "/status", lambda found: found["feeds"]["counts"]["rest_requests"] > requests + 4)
    assert len([line for line in running.err if "ranked again" in line]) == changes


def test_no_filter_runs_while_the_exchange_is_away_and_all_is_told_until_it_is_back(world):
    path, exchange, _ = world
    steer(exchange, "/sim/faults", {"kind": "refuse", "where": "all"})
    steer(exchange, "/sim/faults", {"kind": "drop"})
    sick = until(path, "/health", lambda found: found["components"]["feeds"]["state"] == "failed", 60)
    assert sick["state"] == "unhealthy"
    assert "series are not live" in sick["components"]["feeds"]["reason"]
    assert sick["components"]["exchange"]["state"] == "degraded"
    # Then who runs every two seconds is not asked, nor anybody else
    quiet = ask(path, "/status")
    assert quiet["waiting_for"]["seconds"]["count"] >= 3
    deadline_s = time.monotonic() + 4.5
    while time.monotonic() < deadline_s:
        now = ask(path, "/status")
        time.sleep(0.25)
    assert now["cycles"]["count"] == quiet["cycles"]["count"]
    # And when it is back, everything goes on by itself
    steer(exchange, "/sim/faults", method="DELETE")
    until(path, "/health", lambda found: found["components"]["feeds"]["state"] == "ok", 90)
    until(path, "/status", lambda found: found["cycles"]["count"] > now["cycles"]["count"] + 3 and not found["waiting_for"])
    assert ask(path, "/status")["state"] == "running"
