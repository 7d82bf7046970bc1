"""Commands that use the database: traders, signals, schema; as text for people and as JSON for programs."""

import json
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cli.__main__ import main
from tests.programs import environment, home, program

pytest_plugins = ("tests.fixtures_postgres",)

CODE = 'refresh = "5m"\nsymbols = ["BTCUSDT"]\n\n\ndef check(ticker, klines, ta):\n    return klines["5m"].close[-1] > 0\n'
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"

Engine = Callable[..., tuple[int, str, str]]


@pytest.fixture
def user() -> str:
    return f"user-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def engine(
    database_url: str, user: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Engine:
    """`engine …` for a user of its own: exit code, stdout, stderr."""
    for name, value in {"ENGINE_DATABASE_URL": database_url, "ENGINE_USER": user, "ENGINE_HOME": str(tmp_path / "home")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    Path("bounce.py").write_text(CODE)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(arguments)
        return code, *capsys.readouterr()

    return run


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_trader_is_added_listed_shown_switched_and_removed(engine: Engine, user: str):
    # Given a trader in a file, when it is added
    code, out, _ = engine("trader", "add", "bounce.py", "--json")
    assert code == 0
    (added,) = objects(out)
    assert (added["done"], added["name"], added["version"], added["enabled"]) == ("added", "bounce", 1, True)
    assert (added["refresh"], added["symbols"], added["intervals"]) == ("5m", ["BTCUSDT"], ["5m"])
    # Then it is in the list, for people and for programs
    _, out, _ = engine("trader", "list")
    assert added["id"] in out
    (listed,) = objects(engine("trader", "list", "--json")[1])
    assert {key: listed[key] for key in ("id", "user_id", "enabled")} == {"id": added["id"], "user_id": user, "enabled": True}
    # And is shown by id, by the beginning of it, and by name
    for said in (added["id"], added["id"][:13], "bounce"):
        shown = json.loads(engine("trader", "show", said, "--json")[1])
        assert shown["code"] == CODE
    assert CODE in engine("trader", "show", "bounce")[1]
    # And can be switched off and on, each a new version
    assert engine("trader", "disable", "bounce")[1] == "bounce is disabled\n"
    assert engine("trader", "disable", "bounce")[0] == 0
    assert json.loads(engine("trader", "enable", "bounce", "--json")[1])["version"] == 3
    # And removed, once
    assert engine("trader", "rm", "bounce")[0] == 0
    code, _, err = engine("trader", "rm", "bounce")
    assert (code, err) == (3, "error: no such trader: 'bounce': see engine trader list\n")
    assert engine("trader", "list", "--json")[1] == ""


def test_adding_a_file_again_changes_the_trader_only_when_the_code_is_new(engine: Engine):
    first = objects(engine("trader", "add", "bounce.py", "--json", "--disabled")[1])[0]
    assert objects(engine("trader", "add", "bounce.py", "--json")[1])[0] | {"done": "added"} == first
    Path("bounce.py").write_text(CODE.replace('symbols = ["BTCUSDT"]', "").replace("5m", "1m"))
    changed = objects(engine("trader", "add", "bounce.py", "--json")[1])[0]
    assert (changed["done"], changed["id"], changed["version"]) == ("changed", first["id"], 2)
    # What the old code said is gone, and it is as disabled as it was
    assert (changed["refresh"], changed["symbols"], changed["intervals"], changed["enabled"]) == ("1m", None, ["1m"], False)


def test_one_bad_file_keeps_all_from_being_added(engine: Engine):
    Path("bad.py").write_text("def check(a, b, c):\n    import os\n")
    code, _, err = engine("trader", "add", "bounce.py", "bad.py")
    assert code == 3
    assert err.startswith("error: bad.py: line 2, column 5: ")
    assert engine("trader", "list", "--json")[1] == ""


def test_traders_of_another_user_are_not_there(engine: Engine):
    added = objects(engine("trader", "add", "bounce.py", "--json")[1])[0]
    for command in ("show", "disable", "enable", "rm"):
        assert engine("trader", command, added["id"], "--user", "somebody-else")[0] == 3
    assert objects(engine("trader", "list", "--json")[1])[0]["version"] == 1


def insert(database_url: str, user: str, symbol: str, detected: str) -> str:
    """A signal as the engine stores it."""
    identity = str(uuid.uuid4())
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO signals (id, user_id, trader_id, trader, trader_version, symbol, interval, bar_open_time, price,"
            " details, exchange, detected_at)"
            " VALUES (%s, %s, %s, 'bounce', 1, %s, '5m', '2026-11-21T05:00:00Z', 0.1, %s, 'sim', %s)",
            (identity, user, str(uuid.uuid4()), symbol, json.dumps({"rsi": 28.5}), detected),
        )
    return identity


def test_signals_come_newest_last_as_the_objects_of_the_contract(engine: Engine, database_url: str, user: str):
    for minute, symbol in ((3, "CUSDT"), (1, "AUSDT"), (2, "BUSDT")):
        insert(database_url, user, symbol, f"2026-11-21T05:0{minute}:00.5Z")
    insert(database_url, "somebody-else", "XUSDT", "2026-11-21T05:02:00Z")
    found = objects(engine("signals", "--json")[1])
    assert [signal["symbol"] for signal in found] == ["AUSDT", "BUSDT", "CUSDT"]
    assert set(found[0]) == {
        *("id", "user_id", "trader_id", "trader", "trader_version", "symbol", "interval", "bar_open_time", "price"),
        *("details", "late", "exchange", "status", "detected_at"),
    }
    assert (found[0]["price"], found[0]["details"], found[0]["late"], found[0]["status"]) == (0.1, {"rsi": 28.5}, False, "new")
    assert found[0]["bar_open_time"] == "2026-11-21T05:00:00.000Z"
    assert found[0]["detected_at"] == "2026-11-21T05:01:00.500Z"
    since = objects(engine("signals", "--json", "--since", "2026-11-21T05:01:30Z")[1])
    assert [signal["symbol"] for signal in since] == ["BUSDT", "CUSDT"]
    assert [signal["symbol"] for signal in objects(engine("signals", "--json", "--limit", "1")[1])] == ["CUSDT"]
    lines = engine("signals")[1].splitlines()
    assert len(lines) == 3
    assert "BUSDT" in lines[1]
    assert "rsi=28.5" in lines[1]


def test_no_signals_is_no_error(engine: Engine):
    assert engine("signals") == (0, "", "no signals found\n")
    assert engine("signals", "--json") == (0, "", "")


def test_following_shows_what_is_there_and_then_what_comes_each_once(database_url: str, user: str):
    first = insert(database_url, user, "AUSDT", "2026-11-21T05:01:00Z")
    with home() as path:
        env = environment(path, ENGINE_DATABASE_URL=database_url)
        with program("signals", "--user", user, "--follow", "--json", env=env) as following:
            following.wait_for(first, stream="out")
            second = insert(database_url, user, "BUSDT", "2026-11-21T05:02:00Z")
            following.wait_for(second, stream="out")
            assert following.stop(2) == 130
            assert [json.loads(line)["id"] for line in following.out] == [first, second]
            assert not any(following.err)


def test_the_schema_is_looked_after(engine: Engine, postgres_server: str):
    from tests.fixtures_postgres import new_database

    fresh = new_database(postgres_server)
    before = json.loads(engine("db", "status", "--json", "--db", fresh)[1])
    assert before["applied"] == []
    assert before["pending"]
    applied = json.loads(engine("db", "migrate", "--json", "--db", fresh)[1])["applied"]
    assert applied == before["pending"]
    assert engine("db", "migrate", "--db", fresh)[1] == "the schema is up to date\n"
    assert engine("db", "url", "--db", fresh)[1] == fresh + "\n"


def test_several_commands_at_once_share_the_embedded_server_of_a_home():
    with home() as path:
        env = environment(path / "new")
        codes: list[int] = []

        def list_traders() -> None:
            with program("trader", "list", "--user", "alice", "--json", env=env) as running:
                codes.append(running.wait(90))

        threads = [threading.Thread(target=list_traders) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert codes == [0, 0, 0]
