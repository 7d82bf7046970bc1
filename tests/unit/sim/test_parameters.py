"""Query strings, refused in the exchange's words."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import ExchangeRefused
from engine.base.types import HOUR_MS, MINUTE_MS
from engine.sim import parameters
from engine.sim.tape import FOREVER_MS

MANDATORY = "Mandatory parameter '%s' was not sent, was empty/null, or malformed."
NUMBER = "Illegal characters found in parameter '%s'; legal range is '^[0-9]{1,20}$'."
SYMBOL = r"Illegal characters found in parameter 'symbol'; legal range is '^[\w\-._&&[^a-z]]{1,50}$'."


def pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)


def test_klines_with_everything() -> None:
    asked = parameters.klines(pairs("symbol=BTCUSDT&interval=1M&startTime=5&endTime=7&timeZone=-3:30&limit=9"))
    assert asked == ("BTCUSDT", "1M", 5, 7, 9, -(3 * HOUR_MS + 30 * MINUTE_MS))


def test_klines_with_the_least() -> None:
    assert parameters.klines(pairs("symbol=BTCUSDT&interval=1m")) == ("BTCUSDT", "1m", None, None, 500, 0)


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("interval=1m", -1102, MANDATORY % "symbol"),
        ("symbol=BTCUSDT", -1102, MANDATORY % "interval"),
        ("symbol=&interval=1m", -1105, "Parameter 'symbol' was empty."),
        ("symbol=btcusdt&interval=1m", -1100, SYMBOL),
        ("symbol=BTC/USDT&interval=1m", -1100, SYMBOL),
        ("symbol=BTCUSDT&interval=2m", -1120, "Invalid interval."),
        ("symbol=BTCUSDT&interval=1H", -1120, "Invalid interval."),
        ("symbol=BTCUSDT&interval=1m&limit=abc", -1100, NUMBER % "limit"),
        ("symbol=BTCUSDT&interval=1m&limit=-1", -1100, NUMBER % "limit"),
        ("symbol=BTCUSDT&interval=1m&limit=1.5", -1100, NUMBER % "limit"),
        ("symbol=BTCUSDT&interval=1m&limit=%D9%A3", -1100, NUMBER % "limit"),
        ("symbol=BTCUSDT&interval=1m&limit=0", -1130, "Data sent for parameter 'limit' is not valid."),
        ("symbol=BTCUSDT&interval=1m&startTime=-1", -1100, NUMBER % "startTime"),
        ("symbol=BTCUSDT&interval=1m&endTime=123456789012345678901", -1100, NUMBER % "endTime"),
        ("symbol=BTCUSDT&interval=1m&timeZone=15:00", -1130, "Data sent for parameter 'timeZone' is not valid."),
        ("symbol=BTCUSDT&interval=1m&timeZone=-12:01", -1130, "Data sent for parameter 'timeZone' is not valid."),
        (
            "symbol=BTCUSDT&interval=1m&timeZone=Tokyo",
            -1100,
            "Illegal characters found in parameter 'timeZone'; legal range is '^[+-]?[0-9]{1,2}(:[0-9]{2})?$'.",
        ),
        ("symbol=BTCUSDT&symbol=ETHUSDT&interval=1m", -1101, "Duplicate values for a parameter detected."),
        ("symbol=A&interval=1m&x=1", -1104, "Not all sent parameters were read; read '2' parameter(s) but was sent '3'."),
    ],
)
def test_klines_refused(query: str, code: int, message: str) -> None:
    with pytest.raises(ExchangeRefused) as refusal:
        parameters.klines(pairs(query))
    assert (refusal.value.code, refusal.value.message, refusal.value.status) == (code, message, 400)


def test_more_than_a_thousand_means_a_thousand() -> None:
    assert parameters.klines(pairs("symbol=A&interval=1m&limit=1001")).limit == 1_000


@pytest.mark.parametrize(
    ("text", "minutes"), [("0", 0), ("8", 480), ("-1:00", -60), ("05:45", 345), ("14:00", 840), ("-12:00", -720), ("+3", 180)]
)
def test_time_zones(text: str, minutes: int) -> None:
    query = parameters.Query([("timeZone", text)], ("timeZone",))
    assert query.offset_ms() == minutes * MINUTE_MS


@given(st.integers(0, 10**20 - 1))
def test_times_may_be_in_microseconds_and_are_moved_into_range(value: int) -> None:
    time_ms = parameters.Query([("t", str(value))], ("t",)).time_ms("t")
    assert time_ms is not None
    assert 0 <= time_ms <= FOREVER_MS
    if value < 10**14:
        assert time_ms == value


def test_symbols_one_a_list_or_all() -> None:
    assert parameters.ticker(pairs("symbol=A")) == (["A"], False, None)
    assert parameters.ticker(pairs('symbols=["A","B"]&symbolStatus=HALT')) == (["A", "B"], True, "HALT")
    assert parameters.ticker([]) == (None, True, None)
    assert parameters.ticker_24h(pairs("symbol=A&type=MINI")) == ((["A"], False, None), True)
    assert parameters.ticker(pairs('symbols=["这是测试币456"]')).symbols == ["这是测试币456"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ('symbols=["A", "B"]', -1100),
        ('symbols=["a"]', -1100),
        ("symbols=A", -1100),
        ('symbols=["A"]&symbols=["B"]', -1100),
        ('symbols=["A","A"]', -1151),
        ('symbol=A&symbols=["B"]', -1128),
        ("symbol=A&type=SHORT", -1139),
        ("symbolStatus=OPEN", -1122),
        ("symbola=A", -1104),
    ],
)
def test_tickers_refused(query: str, code: int) -> None:
    with pytest.raises(ExchangeRefused) as refusal:
        parameters.ticker_24h(pairs(query))
    assert refusal.value.code == code


def test_exchange_info() -> None:
    assert parameters.exchange_info([]) == ((None, True, None), None, True)
    asked = parameters.exchange_info(pairs('permissions=["SPOT","MARGIN"]&showPermissionSets=false&symbolStatus=TRADING'))
    assert asked == ((None, True, "TRADING"), ["SPOT", "MARGIN"], False)
    assert parameters.exchange_info(pairs("permissions=SPOT"))[1] == ["SPOT"]
    for query in ("symbol=A&permissions=SPOT", "symbol=A&symbolStatus=TRADING"):
        with pytest.raises(ExchangeRefused) as refusal:
            parameters.exchange_info(pairs(query))
        assert refusal.value.code == -1128


def test_an_endpoint_without_parameters_takes_none() -> None:
    with pytest.raises(ExchangeRefused) as refusal:
        parameters.Query([("a", "1"), ("b", "2")], ())
    assert (refusal.value.code, refusal.value.message) == (-1101, "Too many parameters; expected '0' and received '2'.")
