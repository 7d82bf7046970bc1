"""The example traders that ship: accepted, explained, and each tried by real workers over recorded candles."""

import asyncio
from pathlib import Path

import pytest

from cli import trial
from cli.examples import DEMONSTRATION, examples
from cli.inspection import accepted
from cli.trial_report import Wish
from tests.data import SPOT_5M
from workers import policy

EXAMPLES = examples()
#: Screens that people ask for first.
COMMON = {
    "oversold_bounce",
    "macd_turn",
    "volume_spike",
    "squeeze_breakout",
    "golden_cross",
    "engulfing_at_support",
    "day_breakout",
    "multi_timeframe_trend",
    "zscore_reversion",
    "supertrend_flip",
    "ichimoku_cloud_break",
    "rsi_divergence",
}


def over_recorded_intervals(code: str) -> str:
    """The same screen on intervals that five-minute candles have: what looks at minutes looks at five minutes."""
    return code.replace('"15m"', '"1h"').replace('"1m"', '"5m"') if '"1m"' in code else code


def test_the_common_screens_are_there_and_a_demonstration_runs_some_of_them():
    assert EXAMPLES.keys() >= COMMON
    assert EXAMPLES.keys() >= DEMONSTRATION


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_says_what_it_looks_for_when_and_where(name: str):
    verdict = policy.check(EXAMPLES[name])
    assert len(verdict.docstring) > 40
    assert verdict.refresh
    assert verdict.symbols == ("top:100",)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_matches_sometimes_and_not_always_and_never_fails_on_recorded_candles(name: str, tmp_path: Path):
    # Given an example, on intervals that the recording has
    path = tmp_path / f"{name}.py"
    path.write_text(over_recorded_intervals(EXAMPLES[name]))
    # When real workers run it over 1,500 closes of each of five symbols
    found = asyncio.run(trial.run(accepted(path, 1_000), Wish(closes=1_500, data=str(SPOT_5M)), lambda _part, _text: None))
    # Then it has answered all of them, and is worth its place
    assert found.asked == 7_500
    assert not found.faults
    assert 0 < found.matches < found.asked / 2
    assert found.signals
    assert found.warnings() == []
