"""The test that decides: recorded candles are replayed by the simulator as a server, the engine runs as a program, and the
signals in Postgres are exactly those of a slow, obviously right evaluation of the same filters over the same candles.
"""

import json
import time
import urllib.request
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet
import pytest

from tests.data import SPOT_5M
from tests.naive import evaluation
from tests.programs import Program, SimulatorAddress, environment, home, program, simulator

pytest_plugins = ("tests.fixtures_postgres",)

START = datetime(2024, 3, 4, 0, 0, tzinfo=UTC)
END = datetime(2024, 3, 5, 6, 0, tzinfo=UTC)
HISTORY_BARS = 300
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "ALPINEUSDT", "ELFUSDT")
MINUTE_MS = 60_000

TRADERS = {
    "bounce": '''
"""RSI under 40 while the hour's trend is up."""
refresh = "5m"
def check(ticker, klines, ta):
    five, hour = klines["5m"], klines["1h"]
    if ta.rsi(five.close, 14)[-1] >= 40:
        return False
    return hour.close[-1] > ta.ema(hour.close, 50)[-1]
''',
    "cross": """
def check(ticker, klines, ta):
    quarter = klines["15m"]
    if ta.crossed_above(ta.sma(quarter.close, 7), ta.sma(quarter.close, 25))[-1]:
        return {"close": quarter.close[-1], "bars": 7}
""",
    "bands": """
refresh = "5m"
symbols = ["BTCUSDT", "ALPINEUSDT", "ELFUSDT"]
def check(ticker, klines, ta):
    close = klines["5m"].close
    upper, middle, lower = ta.bbands(close, 20, 2.0, 2.0)
    return close[-1] > upper[-1] or close[-1] < lower[-1]
""",
    "momentum": """
refresh = "15m"
def check(ticker, klines, ta):
    five = klines["5m"]
    macd, signal, hist = ta.macd(five.close)
    return hist[-1] > 0 and hist[-2] <= 0 and ta.adx(five.high, five.low, five.close, 14)[-1] > 20
""",
    "volume": """
refresh = "1h"
symbols = "top:5"
def check(ticker, klines, ta):
    hour = klines["1h"]
    mean = np.mean(hour.volume[-25:-1])
    return {"times": round(hour.volume[-1] / mean, 3)} if mean > 0 and hour.volume[-1] > 1.5 * mean else None
""",
}


def candles() -> dict[str, dict[str, list[evaluation.Bar]]]:
    """The recorded bars of the five symbols up to the end of the replay, with enough history before its start."""
    end_ms = int(END.timestamp() * 1e3)
    table = pyarrow.parquet.read_table(SPOT_5M, filters=[("open_time", "<", end_ms)])
    found: dict[str, dict[str, list[evaluation.Bar]]] = {name: {"5m": []} for name in SYMBOLS}
    columns = (table[name].to_pylist() for name in ("symbol", "open_time", "open", "high", "low", "close", "volume"))
    for symbol, *numbers in zip(*columns, strict=True):
        found[symbol]["5m"].append(numbers)
    return found


def ask(address: str, token: str, path: str, method: str = "GET") -> dict[str, Any]:
    request = urllib.request.Request(f"http://{address}{path}", method=method, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def closed_bars(start_ms: int, end_ms: int) -> int:
    """How many bars of the intervals that the traders read close after the start, up to the end, if none is missing."""
    instants = {5: 5, 15: 3, 60: 5}
    wanted = {5: SYMBOLS, 15: SYMBOLS, 60: SYMBOLS}
    assert instants.keys() == wanted.keys()
    return sum((end_ms // (m * MINUTE_MS) - start_ms // (m * MINUTE_MS)) * len(names) for m, names in wanted.items())


def wait_until_the_replay_is_over(engine: Program, address: str, token: str) -> None:
    start_ms, end_ms = int(START.timestamp() * 1e3), int(END.timestamp() * 1e3)
    wanted = closed_bars(start_ms, end_ms)
    deadline_s = time.monotonic() + 110
    while True:
        status = ask(address, token, "/status")
        if status["bars"] >= wanted and not status["evaluations_waiting"]:
            return
        assert time.monotonic() < deadline_s, f"{status['bars']} of {wanted} bars came: {status}\n{engine.story()}"
        time.sleep(0.2)


def add_traders(database_url: str, user: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for name, code in TRADERS.items():
            connection.execute(
                "INSERT INTO traders (id, user_id, name, filter) VALUES (%s, %s, %s, %s)",
                (uuid.uuid4(), user, name, json.dumps({"code": code})),
            )


def replay(speed: int) -> tuple[str, ...]:
    span = ("--start", START.isoformat(), "--until", END.isoformat())
    return ("--data", str(SPOT_5M), *span, "--speed", str(speed), "--hold")


def engine_env(path: Path, database_url: str, exchange: SimulatorAddress, **extra: str) -> dict[str, str]:
    settings = {"ENGINE_HTTP": "127.0.0.1:0", "ENGINE_HISTORY_BARS": str(HISTORY_BARS), "DATABASE_URL": database_url}
    return environment(path, **settings, **exchange.env, **extra)


def run_arguments(user: str) -> tuple[str, ...]:
    return ("run", "--user", user, "--symbols", ",".join(SYMBOLS), "--json")


def door(path: Path) -> tuple[str, str]:
    """Address and token of the engine on this home."""
    return json.loads((path / "run" / "engine.json").read_text())["http"], (path / "token").read_text()


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_signals_in_postgres_are_exactly_those_of_the_offline_evaluation(database_url: str):
    # Given recorded candles behind a server, five traders in a database, and an engine that runs as a program
    user = "replay"
    add_traders(database_url, user)
    with (
        home() as path,
        simulator(*replay(speed=3_600)) as exchange,
        program(*run_arguments(user), env=engine_env(path, database_url, exchange)) as engine,
    ):
        engine.wait_for("engine runs", 60)
        address, token = door(path)
        # When the replay has gone by and everything is written
        wait_until_the_replay_is_over(engine, address, token)
        assert ask(address, token, "/prepare-shutdown", "POST") == {"drained": True, "flushed": True}
        assert engine.stop() == 0, engine.story()
        printed = {json.loads(line)["id"] for line in engine.out}
    # Then
    assert stored(database_url, user) == expected(candles())
    assert printed == ids(database_url, user)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_signals_are_the_same_when_the_engine_is_killed_again_and_again(database_url: str):
    # Given the same replay, slower, and room to make up for what is missed
    user = "killed"
    add_traders(database_url, user)
    with home() as path, simulator(*replay(speed=2_400)) as exchange:
        env = engine_env(path, database_url, exchange, ENGINE_CATCH_UP_BARS="360")
        # When the engine is killed three times while it works
        for pause_s in (3.0, 1.0, 4.0):
            with program(*run_arguments(user), env=env) as engine:
                engine.wait_for("engine runs", 60)
                time.sleep(pause_s)
                engine.process.kill()
                engine.wait()
        with program(*run_arguments(user), env=env) as engine:
            engine.wait_for("engine runs", 60)
            address, token = door(path)
            wait_until_nothing_happens_any_more(engine, address, token)
            assert ask(address, token, "/prepare-shutdown", "POST") == {"drained": True, "flushed": True}
            assert engine.stop() == 0, engine.story()
    # Then
    assert stored(database_url, user) == expected(candles())


def wait_until_nothing_happens_any_more(engine: Program, address: str, token: str) -> None:
    """The exchange's clock stands at the end of the replay, no series lacks a bar, and no evaluation waits."""
    deadline_s = time.monotonic() + 110
    calm_since_s, before = time.monotonic(), -1
    while time.monotonic() - calm_since_s < 8:
        status = ask(address, token, "/status")
        if status["bars"] != before or status["evaluations_waiting"]:
            calm_since_s, before = time.monotonic(), status["bars"]
        assert time.monotonic() < deadline_s, f"it does not come to rest: {status}\n{engine.story()}"
        time.sleep(0.2)


def stored(database_url: str, user: str) -> set[tuple[str, str, int]]:
    """What Postgres has: trader, symbol, open time of the bar."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT trader, symbol, bar_open_time FROM signals WHERE user_id = %s", (user,)).fetchall()
    found = {(trader, symbol, int(bar.timestamp() * 1e3)) for trader, symbol, bar in rows}
    assert len(found) == len(rows)
    return found


def ids(database_url: str, user: str) -> set[str]:
    with psycopg.connect(database_url) as connection:
        return {row[0] for row in connection.execute("SELECT id::text FROM signals WHERE user_id = %s", (user,))}


def expected(bars: dict[str, dict[str, list[evaluation.Bar]]]) -> set[tuple[str, str, int]]:
    """What the slow way finds, over every close from the last one before the start to the end."""
    said = {"bounce": ("5m", SYMBOLS), "cross": ("15m", SYMBOLS), "momentum": ("15m", SYMBOLS), "volume": ("1h", SYMBOLS)}
    said["bands"] = ("5m", ("BTCUSDT", "ALPINEUSDT", "ELFUSDT"))
    start_ms, end_ms = int(START.timestamp() * 1e3), int(END.timestamp() * 1e3)
    found = set()
    for name, (refresh, symbols) in said.items():
        signals = evaluation.signals(bars, TRADERS[name], symbols, refresh, start_ms, end_ms, HISTORY_BARS)
        assert signals, f"{name} must find something, or nothing is shown"
        found |= {(name, symbol, bar_open_ms) for symbol, bar_open_ms in signals}
    return found
