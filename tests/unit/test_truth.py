"""The judge of feeds itself: each kind of lie is seen, and the truth is not taken for one."""

import pytest

from benchmarks import chaos
from benchmarks.judge import breaches
from benchmarks.truth import Story, lies
from engine.base.types import Kline
from engine.sim.faulttext import from_fields

MINUTE_MS = 60_000
FIRST_MS = 1_709_294_400_000


def bar(number: int, close: float = 2.0) -> Kline:
    return Kline(FIRST_MS + number * MINUTE_MS, 2.0, 3.0, 1.0, close, 5.0, 10.0, 3.0, 1.0, 2.0)


def opens(*numbers: int) -> list[int]:
    return [FIRST_MS + number * MINUTE_MS for number in numbers]


def story(**changes: object) -> Story:
    """Ten bars, all held; joined after the fifth; the others were announced."""
    bars = [bar(number) for number in range(10)]
    values: dict[str, object] = {
        "name": "BTCUSDT 1m",
        "length_ms": MINUTE_MS,
        "held": bars,
        "truth": bars,
        "told": opens(5, 6, 7, 8, 9),
        "from_ms": FIRST_MS,
        "joined_ms": FIRST_MS + 5 * MINUTE_MS,
        "complete_ms": FIRST_MS + 10 * MINUTE_MS,
    }
    return Story(**values | changes)  # type: ignore[arg-type]


def test_a_feed_that_tells_the_truth_is_believed():
    assert lies(story()) == []


def test_a_bar_that_only_just_closed_may_be_on_its_way():
    # Given a bar that closed after the instant up to which all must be there
    found = story(truth=[*story().truth, bar(10)])
    assert lies(found) == []


def test_a_bar_that_was_told_of_after_the_memory_was_read_is_no_lie():
    assert lies(story(told=opens(5, 6, 7, 8, 9, 10))) == []


def test_bars_beyond_the_ring_were_announced_rightly():
    assert lies(story(held=[bar(number) for number in range(7, 10)], from_ms=opens(7)[0])) == []


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"held": [bar(number) for number in range(10) if number != 3]}, "missing"),
        ({"held": [bar(number) for number in range(9)], "told": opens(5, 6, 7, 8)}, "missing"),
        ({"held": []}, "missing"),
        ({"truth": [bar(number) for number in range(10) if number != 3]}, "invented"),
        ({"held": [*story().held, bar(10)], "told": opens(5, 6, 7, 8, 9, 10)}, "invented"),
        ({"held": [bar(number, close=2.5 if number == 4 else 2.0) for number in range(10)]}, "wrong"),
        ({"held": [*story().held, bar(9)]}, "out of order or twice"),
        ({"told": opens(5, 6, 6, 7, 8, 9)}, "announced out of order or twice"),
        ({"told": opens(5, 7, 6, 8, 9)}, "announced out of order or twice"),
        ({"told": opens(5, 6, 8, 9)}, "never announced"),
        ({"told": []}, "never announced"),
        ({"told": opens(5, 6, 7, 8, 9, 10), "complete_ms": FIRST_MS + 11 * MINUTE_MS}, "announced but not held"),
        ({"held": [bar(number) for number in range(10) if number != 7]}, "announced but not held"),
    ],
)
def test_every_kind_of_lie_is_seen(changes: dict[str, object], what: str):
    found = lies(story(**changes))
    assert any(f"bars {what}" in sentence for sentence in found), found


def audit(**changes: object) -> dict[str, object]:
    return {
        "connections": {"attempts_peak_5m": 299},
        "control_frames": {"peak_1s": 5, "largest_bytes": 4_095},
        "requests": {"in_pause": 0},
        **changes,
    }


def test_manners_within_the_limits_are_no_breach_and_each_one_beyond_is():
    assert breaches(audit()) == []
    assert "300 attempts" in breaches(audit(connections={"attempts_peak_5m": 300}))[0]
    assert "6 control frames" in breaches(audit(control_frames={"peak_1s": 6, "largest_bytes": 10}))[0]
    assert "4096 bytes" in breaches(audit(control_frames={"peak_1s": 1, "largest_bytes": 4_096}))[0]
    assert "1 requests" in breaches(audit(requests={"in_pause": 1}))[0]


@pytest.mark.parametrize("seed", range(20))
def test_a_schedule_of_chaos_has_every_kind_and_only_what_the_simulator_knows(seed: int):
    strikes = chaos.schedule(seed, 60.0, 1.0)
    assert strikes == chaos.schedule(seed, 60.0, 1.0)
    assert strikes != chaos.schedule(seed + 1, 60.0, 1.0)
    assert {strike.fields["kind"] for strike in strikes} == set(chaos.KINDS)
    assert [strike.at_s for strike in strikes] == sorted(strike.at_s for strike in strikes)
    for strike in strikes:
        from_fields(strike.fields)
