"""`engine indicators`: the catalog for people and for programs."""

import json
from typing import Any

import pytest

import indicators
from cli.__main__ import main
from cli.indicators import GROUPS

Capture = pytest.CaptureFixture[str]


def lines(capsys: Capture, *arguments: str) -> list[dict[str, Any]]:
    assert main(["indicators", *arguments, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_indicator_is_listed_with_what_it_takes_and_gives(capsys: Capture):
    found = {one["name"]: one for one in lines(capsys)}
    assert found.keys() == indicators.catalog.ENTRIES.keys()
    macd = found["macd"]
    assert macd["call"] == "ta.macd(real, fastperiod=12, slowperiod=26, signalperiod=9)"
    assert macd["outputs"] == ["macd", "signal", "hist"]
    assert macd["lookback"] == 33
    assert macd["parameters"][2] == {"name": "signalperiod", "type": "int", "default": 9, "low": 1, "high": 100000}
    assert {one["group"] for one in found.values()} == {name for name, _ in GROUPS}


def test_people_see_groups_and_one_line_each(capsys: Capture):
    assert main(["indicators", "--group", "screen"]) == 0
    shown = capsys.readouterr().out
    assert "screen: conditions and measures for screens" in shown
    assert "ta.rising(real, period=3)" in shown
    assert "ta.rsi(" not in shown


def test_a_search_looks_at_names_and_descriptions(capsys: Capture):
    names = {one["name"] for one in lines(capsys, "--search", "bollinger")}
    assert "bbands" in names
    assert "sma" not in names


def test_one_indicator_is_told_whole(capsys: Capture):
    assert main(["indicators", "ta.RSI"]) == 0
    shown = capsys.readouterr().out
    for part in ("ta.rsi(real, period=14)", "from 2 to 100000; default 14", "Source: J. W. Wilder", "with the defaults: 14 bars"):
        assert part in shown


@pytest.mark.parametrize(("name", "advice"), [("macdd", "did you mean macd"), ("qqqqqqqq", "see engine indicators")])
def test_a_name_that_is_not_known_is_refused_with_what_is_near(name: str, advice: str, capsys: Capture):
    assert main(["indicators", name]) == 2
    assert capsys.readouterr().err.startswith(f"error: indicator is not known: {name}: {advice}")
