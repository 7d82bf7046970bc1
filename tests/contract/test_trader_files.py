"""What is done with files of traders before they reach a database: new, check, test; and the examples that ship."""

import json
from pathlib import Path

import pytest

from cli.__main__ import main
from cli.examples import demonstration
from tests.data import SPOT_5M
from workers import policy

ALWAYS = "def check(ticker, klines, ta):\n    return klines['5m'].close[-1] > 0\n"
NEVER = "def check(ticker, klines, ta):\n    return klines['5m'].close[-1] < 0\n"
RAISES = "def check(ticker, klines, ta):\n    return klines['5m'].close[5_000]\n"
ENDLESS = "def check(ticker, klines, ta):\n    while True:\n        ticker.last\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, code: str | bytes) -> str:
    Path(name).write_bytes(code.encode() if isinstance(code, str) else code)
    return name


def verdicts(capsys: pytest.CaptureFixture[str], *files: str) -> tuple[int, list[dict]]:
    code = main(["trader", "check", "--json", *files])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_new_trader_is_a_file_that_passes_the_check(capsys):
    assert main(["trader", "new", "bounce"]) == 0
    assert capsys.readouterr().out == "bounce.py\n"
    code, (verdict,) = verdicts(capsys, "bounce.py")
    assert code == 0
    assert verdict["ok"] is True
    assert verdict["intervals"] == ["5m", "1h"]
    assert verdict["lookback"] >= 199


def test_a_file_that_is_there_is_not_overwritten_unasked(capsys):
    write("bounce.py", "mine")
    assert main(["trader", "new", "bounce"]) == 2
    assert "bounce.py" in capsys.readouterr().err
    assert Path("bounce.py").read_text() == "mine"
    assert main(["trader", "new", "bounce", "--force"]) == 0


def test_a_check_names_line_column_and_construct_of_what_is_refused(capsys):
    bad = write("bad.py", "def check(ticker, klines, ta):\n    return open('/etc/passwd')\n")
    good = write("good.py", ALWAYS)
    code, (first, second) = verdicts(capsys, bad, good)
    assert code == 3
    assert {"file", "ok", "line", "column", "construct", "message", "intervals", "lookback"} <= first.keys()
    assert (first["file"], first["ok"], first["line"], first["column"]) == ("bad.py", False, 2, 12)
    assert "open" in first["construct"]
    assert (second["ok"], second["line"], second["message"]) == (True, None, None)
    assert second["intervals"] == ["5m"]


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("", 1),
        ("def check(ticker, klines, ta)\n    return True\n", 1),
        ("def check(ticker, klines):\n    return True\n", 1),
        ("x = 1\n", 1),
        ("# caf\xe9\ndef check(a, b, c):\n    return '\xe9'\n".encode("latin-1"), 1),
        ("def check(a, b, c):\n    return b['7m']\n", 2),
        ("refresh = 'often'\ndef check(a, b, c):\n    return True\n", 1),
        ("def check(a, b, c):\n    break\n", 2),
        ("#" + "x" * 60_000, 1),
    ],
)
def test_what_is_no_filter_is_refused_with_its_line(code, line, capsys):
    exit_code, (verdict,) = verdicts(capsys, write("odd.py", code))
    assert exit_code == 3
    assert verdict["ok"] is False
    assert verdict["line"] == line
    assert verdict["message"]


def test_for_people_a_refusal_has_the_form_that_editors_jump_to(capsys):
    assert main(["trader", "check", write("bad.py", "def check(a, b, c):\n    import os\n")]) == 3
    assert capsys.readouterr().out.startswith("bad.py:2:5: refused: ")


def tried(capsys: pytest.CaptureFixture[str], file: str, *arguments: str) -> dict:
    assert main(["trader", "test", file, "--json", "--symbols", "3", "--closes", "30", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_trial_over_recorded_bars_tells_signals_costs_and_warns_of_a_filter_that_always_matches(capsys):
    found = tried(capsys, write("always.py", ALWAYS), "--data", str(SPOT_5M))
    assert found["asked"] == 90
    assert found["matches"] == 90
    assert len(found["signals"]) == 3
    assert {signal["symbol"] for signal in found["signals"]} == set(found["symbols"])
    assert all(signal["price"] > 0 and signal["closed_at"].endswith("Z") for signal in found["signals"])
    assert found["us_per_symbol"] > 0
    assert any("always" in warning for warning in found["warnings"])


def test_a_trial_on_the_simulated_market_warns_of_never_and_of_errors(capsys):
    assert any("never" in warning for warning in tried(capsys, write("never.py", NEVER))["warnings"])
    found = tried(capsys, write("raises.py", RAISES))
    assert found["faults"] == 90
    assert any("line 2" in warning and "IndexError" in warning for warning in found["warnings"])


def test_a_trial_of_a_filter_without_end_comes_to_an_end(capsys):
    assert main(["trader", "test", write("endless.py", ENDLESS), "--symbols", "1", "--closes", "2"]) == 0
    assert "stopped after" in capsys.readouterr().err


def test_a_trial_refuses_what_an_engine_would_refuse(capsys):
    assert main(["trader", "test", write("bad.py", "def check(a, b, c):\n    import os\n")]) == 3
    assert capsys.readouterr().err.startswith("error: bad.py: line 2, column 5: ")
    unknown = "symbols = ['NOSUCHUSDT']\n" + ALWAYS
    assert main(["trader", "test", write("unknown.py", unknown)]) == 3
    assert "NOSUCHUSDT" in capsys.readouterr().err
    assert main(["trader", "test", write("minute.py", ALWAYS.replace("5m", "1m")), "--data", str(SPOT_5M)]) == 3
    assert "1m" in capsys.readouterr().err


def test_a_demonstration_runs_examples_that_show_something_soon():
    found = [policy.check(code) for _, code in demonstration()]
    assert 6 <= len(found) <= 10
    # Some are asked every minute, and some by the clock.
    assert {"1m", "10s"} <= {verdict.refresh for verdict in found}


def test_examples_together_find_something_at_any_instant_of_the_simulated_market(capsys):
    found = 0
    for name in ("strong_trend", "momentum_now"):
        path = Path(__file__).parents[2] / "cli" / "examples" / f"{name}.py"
        assert main(["trader", "test", str(path), "--json", "--symbols", "100", "--closes", "3"]) == 0
        trial = json.loads(capsys.readouterr().out)
        assert trial["faults"] == 0
        found += trial["matches"]
    assert found > 0
