"""Control messages, answered in the documented form."""

import json
from typing import Any

import pytest

from engine.sim.control import Session, handle
from engine.sim.streams import looks_like_stream, parse
from engine.sim.synthetic import SyntheticMarket

VARIANTS = "`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"
MARKET = SyntheticMarket(symbols=3)


def ask(session: Session, message: dict[str, Any] | str) -> Any:
    text = message if isinstance(message, str) else json.dumps(message)
    return json.loads(handle(text, session, 1_024).reply)


def test_subscribe_list_and_unsubscribe() -> None:
    session = Session(combined=False)
    names = ["btcusdt@kline_1m", "ethusdt@miniTicker"]
    outcome = handle(json.dumps({"method": "SUBSCRIBE", "params": [*names, names[0]], "id": 1}), session, 1_024)
    assert json.loads(outcome.reply) == {"result": None, "id": 1}
    assert outcome.added == tuple(names)
    assert ask(session, {"method": "LIST_SUBSCRIPTIONS", "id": "a1"}) == {"result": names, "id": "a1"}
    outcome = handle(json.dumps({"method": "UNSUBSCRIBE", "params": [names[0], "x@y"], "id": None}), session, 1_024)
    assert json.loads(outcome.reply) == {"result": None, "id": None}
    assert outcome.removed == (names[0],)
    assert ask(session, {"method": "LIST_SUBSCRIPTIONS", "id": 3})["result"] == [names[1]]


def test_what_is_subscribed_already_is_not_added_again() -> None:
    session = Session(combined=False)
    ask(session, {"method": "SUBSCRIBE", "params": ["a@b"], "id": 1})
    assert handle('{"method":"SUBSCRIBE","params":["a@b"],"id":2}', session, 1).added == ()


def test_properties() -> None:
    session = Session(combined=False)
    assert ask(session, {"method": "GET_PROPERTY", "params": ["combined"], "id": 2}) == {"result": False, "id": 2}
    assert ask(session, {"method": "SET_PROPERTY", "params": ["combined", True], "id": 5}) == {"result": None, "id": 5}
    assert ask(session, {"method": "GET_PROPERTY", "params": ["combined"], "id": 2}) == {"result": True, "id": 2}


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ({"method": "GET_PROPERTY", "params": ["color"], "id": 9}, {"code": 0, "msg": "Unknown property", "id": 9}),
        (
            {"method": "SET_PROPERTY", "params": ["combined", "yes"], "id": 9},
            {"code": 1, "msg": "Invalid value type: expected Boolean"},
        ),
        ({"method": "SET_PROPERTY", "params": [7, True], "id": 9}, "property name must be a string"),
        ({"method": "GET_PROPERTY", "id": 9}, "property name must be a string"),
        ({"method": "GET_PROPERTY", "params": ["combined", 1], "id": 9}, "too many parameters"),
        ({"method": "LIST_SUBSCRIPTIONS", "params": ["x"], "id": 9}, "too many parameters"),
        ({"method": "SUBSCRIBE", "params": ["a@b"]}, "request ID must be an unsigned integer"),
        ({"method": "SUBSCRIBE", "params": ["a@b"], "id": 1.5}, "request ID must be an unsigned integer"),
        ({"method": "SUBSCRIBE", "params": ["a@b"], "id": True}, "request ID must be an unsigned integer"),
        ({"method": "SUBSCRIBE", "params": ["a@b"], "id": "x" * 37}, "request ID must be an unsigned integer"),
        ({"method": "SUBSCRIBE", "params": "a@b", "id": 1}, "invalid type: expected a sequence of strings"),
        ({"method": "SET_PROPERTY", "params": "combined", "id": 1}, "invalid type: expected a sequence"),
        ("[1]", "invalid type: expected struct Request at line 1 column 0"),
        ('{"params":["a@b"],"id":1}', "missing field `method` at line 1 column 25"),
        ('{"method":"SUB","id":1}', f"unknown variant `SUB`, expected one of {VARIANTS} at line 1 column 15"),
        ("{'method'", {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 2"}),
        ("nonsense", {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}),
    ],
)
def test_errors(message: dict[str, Any] | str, reply: dict[str, Any] | str) -> None:
    if isinstance(reply, str):
        reply = {"code": 2, "msg": f"Invalid request: {reply}"}
    assert ask(Session(combined=False), message) == reply


def test_too_many_subscriptions_add_none() -> None:
    session = Session(combined=False, subscriptions={"a@b": None})
    outcome = handle('{"method":"SUBSCRIBE","params":["c@d","e@f"],"id":19}', session, 2)
    assert json.loads(outcome.reply) == {"error": {"code": 4, "msg": "Too many subscriptions"}, "id": 19}
    assert list(session.subscriptions) == ["a@b"]


def test_names_that_mean_something() -> None:
    kline = parse("btcusdt@kline_1d@+08:00", MARKET)
    assert kline is not None
    assert kline.grid is not None
    assert (kline.symbol, kline.interval, kline.grid.phase_ms, kline.update_ms) == ("BTCUSDT", "1d", -8 * 3_600_000, 2_000)
    second = parse("ethusdt@kline_1s", MARKET)
    assert second is not None
    assert second.update_ms == 1_000
    for name, kind in (
        ("btcusdt@miniTicker", "mini_ticker"),
        ("!miniTicker@arr", "all_mini_tickers"),
        ("btcusdt@ticker", "ticker"),
    ):
        stream = parse(name, MARKET)
        assert stream is not None
        assert stream.kind == kind


@pytest.mark.parametrize(
    "name", ["BTCUSDT@kline_1m", "xxxusdt@kline_1m", "btcusdt@kline_2m", "btcusdt@kline_1H", "btcusdt@trade", "0", ""]
)
def test_names_that_stay_silent(name: str) -> None:
    assert parse(name, MARKET) is None


def test_what_looks_like_a_stream_is_listed() -> None:
    assert looks_like_stream("btcusdt@aggTrade")
    assert looks_like_stream("!miniTicker@arr")
    assert not looks_like_stream("0")
