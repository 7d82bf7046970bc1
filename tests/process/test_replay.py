"""What was recorded can be lived through again: programs on both sides, and the same signals from the same frames."""

import json
import time
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.programs import Program, SimulatorAddress, environment, home, program, simulator

pytest_plugins = ("tests.fixtures_postgres",)

MINUTE_MS = 60_000
TRADERS = {
    "rise": """
def check(ticker, klines, ta):
    minute = klines["1m"]
    return {"close": minute.close[-1], "volume": minute.volume[-1]} if minute.close[-1] > minute.close[-2] else False
""",
    "cross": """
refresh = "1m"
def check(ticker, klines, ta):
    minute, five = klines["1m"], klines["5m"]
    return ta.sma(minute.close, 2)[-1] > ta.sma(minute.close, 5)[-1] and five.volume[-1] > ta.sma(five.volume, 9)[-1] / 2
""",
}
MARKET = ("--seed", "11", "--symbols", "5", "--start", "2024-03-04T00:00:20Z", "--speed", "120", "--hold")
#: Some minutes after the start.
BEGUN = "2024-03-04T00:04:00.000Z"

#: Trader, symbol, open time of the bar, price and details.
Found = tuple[str, str, str, float, str]


def add_traders(database_url: str, user: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for name, code in TRADERS.items():
            connection.execute(
                "INSERT INTO traders (id, user_id, name, filter) VALUES (%s, %s, %s, %s)",
                (uuid.uuid4(), user, name, json.dumps({"code": code})),
            )


def ask(path: Path, what: str, method: str = "GET") -> dict[str, Any]:
    address = json.loads((path / "run" / "engine.json").read_text())["http"]
    headers = {"Authorization": f"Bearer {(path / 'token').read_text()}"}
    with urllib.request.urlopen(urllib.request.Request(f"http://{address}{what}", method=method, headers=headers)) as answer:
        return json.load(answer)


def strike(exchange: SimulatorAddress, **fault: object) -> None:
    request = urllib.request.Request(f"{exchange.rest}/sim/faults", json.dumps(fault).encode())
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


def signals_of(
    database_url: str, user: str, exchange: SimulatorAddress, work: Callable[[Program, Path], None], *options: str
) -> list[Found]:
    """What an engine prints while `work` goes on beside it."""
    add_traders(database_url, user)
    with home() as path:
        settings = {"ENGINE_HTTP": "127.0.0.1:0", "ENGINE_HISTORY_BARS": "200", "DATABASE_URL": database_url}
        settings["ENGINE_PAUSE_SIGNALS_PER_HOUR"] = "0"
        env = environment(path, **settings, **exchange.env)
        with program("run", "--user", user, "--symbols", "5", "--json", *options, env=env) as engine:
            engine.wait_for("engine runs", 60)
            work(engine, path)
            assert ask(path, "/prepare-shutdown", "POST") == {"drained": True, "flushed": True}
            assert engine.stop() == 0, engine.story()
            printed = [json.loads(line) for line in engine.out]
    return [(one["trader"], one["symbol"], one["bar_open_time"], one["price"], str(one["details"])) for one in printed]


def until(engine: Program, path: Path, condition: Callable[[dict[str, Any]], object], what: str) -> None:
    deadline_s = time.monotonic() + 60
    while not condition(status := ask(path, "/status")):
        assert time.monotonic() < deadline_s, f"{what}: {status}\n{engine.story()}"
        time.sleep(0.1)


def is_live(status: dict[str, Any]) -> bool:
    return status["series"]["live"] == sum(status["series"].values()) > 0


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_replayed_recording_gives_the_signals_of_the_recorded_run(database_url: str, tmp_path: Path) -> None:
    # Given a run that is recorded, loses its connection in between, and has it back
    def live(engine: Program, path: Path) -> None:
        until(engine, path, lambda status: status["bars"] >= 5 * 9, "bars")
        strike(exchange, kind="refuse", where="ws", for_s=1)
        strike(exchange, kind="drop", count=1)
        until(engine, path, lambda status: status["exchange"]["reconnects"] and is_live(status), "another connection")
        # Closes of every series that come after the repair: without them a replay does not show what was missing.
        seen = ask(path, "/status")["bars"]
        until(engine, path, lambda status: status["bars"] >= seen + 5 * 12, "bars after it")

    with simulator(*MARKET) as exchange:
        recorded = signals_of(database_url, "recorded", exchange, live, "--record", str(tmp_path))

    last = max(bar for _, _, bar, _, _ in recorded)

    # When it is played back, twice as fast
    def again(engine: Program, path: Path) -> None:
        engine.wait_for(last, 60, stream="out")
        until(engine, path, lambda status: not status["evaluations_waiting"], "all answers")

    with simulator("--replay", str(tmp_path), "--speed", "2") as exchange:
        replayed = signals_of(database_url, "replayed", exchange, again)

    # Then all is the same from where both had certainly begun to the instant at which the recorded engine was stopped. How much
    # had closed when an engine's first history came is a matter of moments; what it had answered before is not told again.
    before = sorted(one for one in recorded if BEGUN <= one[2] < last)
    assert {trader for trader, *_ in before} == set(TRADERS)
    assert len(before) > 15
    assert sorted(one for one in replayed if BEGUN <= one[2] < last) == before
