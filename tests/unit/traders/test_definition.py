"""Rows of traders: read whole, refused with every reason, one bad row never in the way of another."""

import copy
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import TraderError
from engine.traders.definition import Strategy, parse_row
from engine.traders.store import new_row, read_rows

CODE = "def check(ticker, klines, ta):\n    return True\n"
ROW = {
    "id": "9f0e6a5c-8a57-4c67-9d0e-2f5b1c3d4e5f",
    "user_id": "alice",
    "name": "bounce",
    "enabled": True,
    "filter": {"code": CODE, "refreshInterval": "5m", "requiredTimeframes": ["5m", "1h"], "symbols": ["BTCUSDT"]},
    "strategy": {"instructions": "look twice", "maxConcurrentAnalysis": 3},
    "version": 7,
    "cloud_config": {"cpus": 2},
}


def row_with(**changes: Any) -> dict[str, Any]:
    """The row with some parts changed; `filter__code` means `code` in `filter`."""
    row = copy.deepcopy(ROW)
    for path, value in changes.items():
        *outer, last = path.split("__")
        target: Any = row
        for part in outer:
            target = target[part]
        target[last] = value
    return row


def test_a_row_is_read_whole() -> None:
    found = parse_row(ROW)
    assert (found.id, found.user_id, found.name, found.enabled, found.version) == (ROW["id"], "alice", "bounce", True, 7)
    assert (found.code, found.refresh, found.symbols, found.intervals) == (CODE, "5m", ("BTCUSDT",), ("5m", "1h"))
    assert (found.strategy, found.cloud_config) == (Strategy("look twice", 3), {"cpus": 2})


def test_what_the_code_says_may_be_left_out() -> None:
    found = parse_row(row_with(filter={"code": CODE}, strategy={}, cloud_config=None))
    assert (found.refresh, found.symbols, found.intervals, found.strategy) == ("", (), (), Strategy("", 1))


def test_symbols_may_be_one_text() -> None:
    assert parse_row(row_with(filter__symbols="top:50")).symbols == ("top:50",)


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"id": "7"}, "id is not a UUID"),
        ({"name": ""}, "name has 0 characters, 1 to 100"),
        ({"name": "x" * 101}, "name has 101 characters"),
        ({"name": None}, "name is missing"),
        ({"user_id": "u" * 101}, "user_id has 101"),
        ({"filter": "code"}, "filter is of type str, an object is expected"),
        ({"filter__code": 5}, "code is of type int"),
        ({"filter__code": "  "}, "code is empty"),
        ({"filter__code": "#" * 51_201}, "code has 51201 bytes, 51200 are allowed"),
        ({"filter__code": "ä" * 30_000}, "code has 60000 bytes"),
        ({"filter__refreshInterval": "7m"}, "refreshInterval: refresh is refused: '7m'"),
        ({"filter__refreshInterval": 60}, "refreshInterval is of type int"),
        ({"filter__requiredTimeframes": ["5m", "1w"]}, "'1w' is not supported, weeks open on Mondays"),
        ({"filter__requiredTimeframes": ["5min"]}, "'5min' is unknown"),
        ({"filter__requiredTimeframes": "5m"}, "requiredTimeframes is of type str"),
        ({"filter__symbols": [1]}, "symbols is of type list, a list of names"),
        ({"strategy__instructions": "x" * 10_001}, "instructions have 10001 characters"),
        ({"strategy__maxConcurrentAnalysis": 9}, "maxConcurrentAnalysis is 9, 1 to 8"),
        ({"strategy__maxConcurrentAnalysis": "2"}, "maxConcurrentAnalysis is of type str"),
        ({"strategy__maxConcurrentAnalysis": True}, "maxConcurrentAnalysis is of type bool"),
        ({"version": 0}, "version is 0"),
    ],
)
def test_what_is_outside_the_contract_is_named(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(TraderError) as refused:
        parse_row(row_with(**changes))
    assert reason in str(refused.value)


def test_all_problems_of_a_row_are_told_at_once() -> None:
    with pytest.raises(TraderError, match=r"'bounce' is invalid: .*code is empty.*maxConcurrentAnalysis is 0"):
        parse_row(row_with(filter__code="", strategy__maxConcurrentAnalysis=0))


def test_a_bad_row_keeps_no_other_from_running() -> None:
    definitions, problems = read_rows([row_with(name=""), row_with(id=str(uuid.UUID(int=5)), name="fine")])
    assert [found.name for found in definitions] == ["fine"]
    assert problems[str(ROW["id"])].reason.startswith("trader")


def test_a_new_row_reads_back_as_what_it_was_made_of() -> None:
    row = new_row("alice", "n", CODE, refresh="10s", symbols=("top:5",), intervals=("1m",), instructions="i", enabled=False)
    found = parse_row(row)
    assert (found.refresh, found.symbols, found.intervals, found.enabled) == ("10s", ("top:5",), ("1m",), False)
    assert found.strategy.instructions == "i"
    with pytest.raises(TraderError, match="code is empty"):
        new_row("alice", "n", "")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "symbols", "x"]), inner, max_size=3),
)


@given(st.dictionaries(st.sampled_from([*ROW]), anything))
def test_whatever_stands_in_a_row_it_is_read_or_refused(row: dict[str, Any]) -> None:
    definitions, problems = read_rows([row, ROW])
    assert len(definitions) + len(problems) == 2
    assert definitions[-1].name == "bounce"
