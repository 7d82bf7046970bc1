"""The exchange's clock is followed, its lies do no harm, and a machine whose own clock is wrong is told so."""

import asyncio
import logging
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.clock import ExchangeClock
from engine.feeds.asks import TIME_MAX_MS
from engine.feeds.drift import SPACING_S, Drift
from engine.feeds.leaps import LASTING_S, Leaps
from engine.feeds.pace import Sample
from engine.feeds.timekeeper import AHEAD_S, BELIEF_S, DOUBT_S, Timekeeper


class FakeRest:
    """Answers with the time of this machine, and whatever is added to it."""

    def __init__(self) -> None:
        self.ahead_ms = 0.0
        self.offset_ms = 0.0
        self.asked = 0

    async def time(self) -> tuple[int, float, float]:
        self.asked += 1
        sent_s = time.monotonic()
        return int(time.time() * 1e3 + self.ahead_ms), sent_s, time.monotonic()


def kept() -> tuple[FakeRest, ExchangeClock, Timekeeper]:
    rest, clock = FakeRest(), ExchangeClock()
    return rest, clock, Timekeeper(rest, clock)  # type: ignore[arg-type]


@pytest.mark.parametrize("ahead_ms, words", [(2_500.0, "2.5 s behind"), (-4_000.0, "4.0 s ahead of")])
async def test_a_machine_whose_clock_is_off_is_warned_once_and_told_what_to_do(
    ahead_ms: float, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    rest, _, keeper = kept()
    rest.ahead_ms = ahead_ms
    await keeper.measure()
    await keeper._look()

    assert caplog.text.count(words) == 1
    assert "NTP" in caplog.text
    assert keeper.facts.warned
    assert keeper.facts.offset_ms == pytest.approx(ahead_ms, abs=500)


@pytest.mark.parametrize("ahead_ms", [0.0, 600.0, -400 * 86_400_000.0])
async def test_a_right_clock_and_an_exchange_of_another_time_are_no_reason_to_warn(
    ahead_ms: float, caplog: pytest.LogCaptureFixture
) -> None:
    rest, _, keeper = kept()
    rest.ahead_ms = ahead_ms
    with caplog.at_level(logging.WARNING):
        await keeper.measure()
    assert not keeper.facts.warned
    assert "NTP" not in caplog.text


async def test_a_clock_that_leaps_ahead_is_followed_but_makes_nothing_certain() -> None:
    rest, clock, keeper = kept()
    await keeper.measure()
    sure_ms, now_ms = keeper.sure_ms(), clock.now_ms()
    assert now_ms - sure_ms == pytest.approx(DOUBT_S * 1e3, abs=200)

    # When the exchange's clock is five minutes ahead, and then right again
    for ahead_ms, jumps in ((300_000.0, 1), (0.0, 2)):
        rest.ahead_ms = ahead_ms
        await keeper._look_quietly()

        # Then our clock follows, and what is certain does not
        assert keeper.jumps == keeper.facts.jumps == jumps
        assert clock.now_ms() - now_ms == pytest.approx(ahead_ms, abs=5_000)
        assert keeper.sure_ms() - sure_ms == pytest.approx(0, abs=5_000)


async def test_what_events_claim_is_a_lower_bound_only() -> None:
    rest, clock, keeper = kept()
    assert keeper.horizon_ms() == keeper.latest_ms() == TIME_MAX_MS
    await keeper.measure()
    asked = rest.asked

    keeper.heard(clock.now_ms() - 60_000)
    assert clock.now_ms() - time.time() * 1e3 < 100
    keeper.heard(clock.now_ms() + 700)
    assert clock.now_ms() - time.time() * 1e3 == pytest.approx(700, abs=300)
    keeper.heard(clock.now_ms() + int(AHEAD_S * 1e3) + 5_000)
    assert clock.now_ms() - time.time() * 1e3 == pytest.approx(700, abs=500)
    # Only asking can tell; it is asked next time.
    assert rest.asked == asked
    assert keeper.horizon_ms() - clock.now_ms() == pytest.approx(BELIEF_S * 1e3, abs=200)
    assert keeper.latest_ms() < keeper.horizon_ms()


async def test_a_look_that_fails_for_whatever_reason_is_followed_by_another(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.feeds.timekeeper.LOOK_PAUSE_UNSURE_S", 0.0)
    rest, _, keeper = kept()
    often = asyncio.Event()

    async def nonsense() -> tuple[int, float, float]:
        rest.asked += 1
        if rest.asked == 100:
            often.set()
        raise OverflowError("int too large to convert to float")

    monkeypatch.setattr(rest, "time", nonsense)
    following = asyncio.create_task(keeper.follow_forever())
    async with asyncio.timeout(20):
        await often.wait()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert 1 <= caplog.text.count("cannot be taken in") < 10


@given(st.lists(st.tuples(st.floats(-400_000, 400_000), st.floats(0, 700)), max_size=30))
def test_what_is_taken_off_is_never_negative_and_ends_with_the_lie(steps: list[tuple[float, float]]) -> None:
    leaps, now_s = Leaps(), 0.0
    for step_ms, pause_s in steps:
        now_s += pause_s
        leaps.leapt(step_ms, now_s)
        assert leaps.ahead_ms(now_s) >= 0.0
    leaps.leapt(-1e9, now_s)
    assert leaps.ahead_ms(now_s) == 0.0
    leaps.leapt(5_000.0, now_s)
    assert leaps.ahead_ms(now_s + LASTING_S - 1) == 5_000.0
    assert leaps.ahead_ms(now_s + LASTING_S + 1) == 0.0


def sample(at_s: float, ppm: float, delay_s: float) -> Sample:
    return Sample(1.7e12 + at_s * 1e3 * (1 + ppm / 1e6), at_s - delay_s / 2, at_s + delay_s / 2)


@pytest.mark.parametrize("ppm", [-30.0, 0.0, 80.0])
def test_drift_is_told_when_the_samples_are_far_enough_apart(ppm: float) -> None:
    drift = Drift()
    drift.sample(sample(0.0, ppm, 0.010))
    drift.sample(sample(SPACING_S, ppm, 0.010))
    assert drift.ppm is None
    for minute in range(2, 90):
        drift.sample(sample(minute * SPACING_S, ppm, 0.010))
    assert drift.ppm == pytest.approx(ppm, abs=5)
    assert drift.error_ms == pytest.approx(6.0, abs=0.1)
    drift.restart()
    assert drift.ppm is None


def test_of_one_minute_the_quickest_answer_counts() -> None:
    drift = Drift()
    for at_s, delay_s in ((0.0, 0.5), (10.0, 0.02), (20.0, 0.9)):
        drift.sample(sample(at_s, 0.0, delay_s))
    assert drift.error_ms == pytest.approx(11.0)
