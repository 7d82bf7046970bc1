"""What `engine trader test` tells an author beyond matches: cost, limits, history, floods, a picture; and where files begin."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cli.__main__ import main
from cli.examples import examples
from tests.data import SPOT_5M

SLOW = """
refresh = "5m"
def check(ticker, klines, ta):
    total = 0.0
    for number in range(200_000):
        total += number * 1.5
    return klines["5m"].close[-1] > klines["5m"].close[-2]
"""
ENDLESS = 'refresh = "5m"\ndef check(ticker, klines, ta):\n    while True:\n        ticker.last\n'
LONG = """
refresh = "5m"
def check(ticker, klines, ta):
    close = klines["5m"].close
    return close[-1] > ta.sma(close, 950)[-1]
"""
#: Every second minute, so thirty signals an hour of each symbol.
BLINKS = 'refresh = "1m"\ndef check(ticker, klines, ta):\n    return int(klines["1m"].open_time[-1] // 60_000) % 2 == 0\n'
NONSENSE = 'refresh = "5m"\ndef check(ticker, klines, ta):\n    return klines["5m"].close[-1]\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tried(capsys: pytest.CaptureFixture[str], code: str, *arguments: str) -> dict:
    Path("tried.py").write_text(code)
    assert main(["trader", "test", "tried.py", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def warning(found: dict, words: str) -> str:
    (text,) = [one for one in found["warnings"] if words in one]
    return text


def test_a_trial_tells_the_cost_of_a_symbol_and_warns_near_the_limit_of_all_symbols(capsys):
    # Given a filter that a hundred symbols would take too long for, though a few do not
    found = tried(capsys, SLOW, "--symbols", "2", "--closes", "10")
    assert found["faults"] == 0
    assert 0 < found["us_per_symbol_p50"] <= found["us_per_symbol_p99"]
    assert "100 symbols" in warning(found, "near the CPU limit")
    # And a cheap one
    found = tried(capsys, LONG.replace("950", "50"), "--symbols", "2", "--closes", "10")
    assert 0 < found["us_per_symbol_p50"] <= found["us_per_symbol_p99"]
    assert not any("CPU" in text for text in found["warnings"])


def test_check_and_trial_warn_of_a_look_back_that_no_window_holds(capsys, monkeypatch):
    found = tried(capsys, LONG, "--symbols", "2", "--closes", "5")
    assert "looks back 949 bars" in warning(found, "needs more history")
    assert found["fewest_bars"] == {"5m": 901}
    assert main(["trader", "check", "--json", "tried.py"]) == 0
    verdict = json.loads(capsys.readouterr().out)
    assert (verdict["lookback"], verdict["indicators"]) == (949, ["sma"])
    assert "ENGINE_HISTORY_BARS" in verdict["warnings"][0]
    # An engine that keeps more has no such trouble
    monkeypatch.setenv("ENGINE_HISTORY_BARS", "2000")
    assert main(["trader", "check", "tried.py"]) == 0
    assert "warning" not in capsys.readouterr().out
    found = tried(capsys, LONG, "--symbols", "2", "--closes", "5")
    assert not any("history" in text for text in found["warnings"])


def test_a_trial_over_recorded_bars_that_begin_too_late_says_so(capsys):
    # Given a recording of 250 days
    code = LONG.replace('"5m"', '"1d"').replace("950", "255")
    found = tried(capsys, code, "--symbols", "2", "--closes", "5", "--data", str(SPOT_5M))
    assert found["fewest_bars"]["1d"] < 254
    assert "of 1d" in warning(found, "needs more history")


@pytest.mark.parametrize(("code", "words"), [(ENDLESS, "line 3: stopped after"), (NONSENSE, "return True, False, None")])
def test_a_trial_stops_where_an_engine_would_pause(capsys, code: str, words: str):
    found = tried(capsys, code, "--symbols", "2", "--closes", "500")
    assert "3 strikes" in warning(found, "would pause it")
    assert any(words in text for text in found["warnings"])
    assert found["asked"] < 100


def test_a_trial_warns_of_a_flood_of_signals(capsys):
    found = tried(capsys, BLINKS, "--symbols", "5", "--closes", "90")
    assert "signals in an hour, more than 100" in warning(found, "would pause it")
    assert "150" in warning(found, "would pause it")


def test_a_trial_can_be_looked_at(capsys, here: Path):
    found = tried(capsys, BLINKS, "--symbols", "2", "--closes", "60", "--picture", "blinks.svg")
    assert found["signals"]
    drawn = ET.parse(here / "blinks.svg").getroot()
    title = drawn.findtext("{http://www.w3.org/2000/svg}title")
    assert title.startswith("tried: ")
    assert title.endswith(" 1m")
    assert "signals" in "".join(drawn.itertext())
    # Also where nothing matched
    tried(capsys, LONG.replace("> ta", "< -ta").replace("950", "5"), "--symbols", "1", "--closes", "5", "--picture", "never.svg")
    assert ET.parse(here / "never.svg").getroot().findtext("{http://www.w3.org/2000/svg}title").endswith(" 5m")


def test_the_template_runs_as_it_is(capsys):
    assert main(["trader", "new", "tried"]) == 0
    capsys.readouterr()
    found = tried(capsys, Path("tried.py").read_text(), "--symbols", "5", "--closes", "30")
    assert (found["asked"], found["faults"]) == (150, 0)


def test_a_new_trader_can_begin_with_an_example(capsys):
    assert main(["trader", "new", "flip", "--example", "supertrend_flip"]) == 0
    assert Path("flip.py").read_text() == examples()["supertrend_flip"]
    capsys.readouterr()
    assert main(["trader", "new", "other", "--example", "superflip"]) == 2
    assert "supertrend_flip" in capsys.readouterr().err
    assert not Path("other.py").exists()
