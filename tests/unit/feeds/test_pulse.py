"""A dead line is told from a quiet market, in time."""

from hypothesis import given
from hypothesis import strategies as st

from engine.feeds.pulse import GAPS_MAX, LOOKS, UNHEARD_TIMES, Pulse, Verdict

SILENCE_S = 10.0
LOOK_S = SILENCE_S / LOOKS


class Watched:
    """A socket whose frames and events come at given moments, and that answers when asked, or does not."""

    def __init__(self, *, answers: bool) -> None:
        self.pulse = Pulse(SILENCE_S, 0.0)
        self.answers = answers
        self.frames = self.events = 0
        self.now_s = 0.0
        self.asked = 0

    def look(self, events: int = 0, frames: int = 0, pause_s: float = LOOK_S, *, subscribed: bool = True) -> Verdict:
        self.now_s += pause_s
        self.events += events
        self.frames += events + frames
        verdict = self.pulse.look(self.frames, self.events, self.now_s, subscribed=subscribed)
        if verdict is Verdict.ASK:
            self.asked += 1
            self.frames += self.answers
        return verdict

    def until(self, wanted: Verdict, most_s: float) -> float:
        """Seconds of silence until this is the verdict."""
        began_s = self.now_s
        while self.now_s < began_s + most_s:
            if self.look() is wanted:
                return self.now_s - began_s
        return float("inf")


@given(st.integers(0, 500))
def test_a_dead_line_is_noticed_within_the_time_allowed(looks: int) -> None:
    watched = Watched(answers=False)
    for _ in range(looks):
        assert watched.look(events=1) is Verdict.FINE
    # The last frame came up to a look before it was seen.
    assert watched.until(Verdict.DEAD, 60.0) <= SILENCE_S - LOOK_S
    assert watched.asked == 1


def test_quiet_streams_on_a_line_that_answers_are_fine_for_long() -> None:
    watched = Watched(answers=True)
    assert watched.until(Verdict.DEAD, 290.0) == float("inf")
    assert watched.asked > 10


def test_pings_of_the_exchange_are_signs_of_life() -> None:
    watched = Watched(answers=False)
    for _ in range(200):
        assert watched.look(frames=1) is Verdict.FINE
    assert watched.asked == 0


def test_events_that_used_to_come_and_stop_are_suspect_though_the_line_answers() -> None:
    watched = Watched(answers=True)
    for _ in range(20):
        watched.look(events=3)
    assert SILENCE_S <= watched.until(Verdict.QUIET, 60.0) <= SILENCE_S + 2 * LOOK_S


def test_a_pause_as_usual_is_not_suspect() -> None:
    watched = Watched(answers=True)
    for _ in range(10):
        watched.look(events=1)
        for _ in range(59):
            assert watched.look() is not Verdict.QUIET
    since_event_s = 29.5 + watched.until(Verdict.QUIET, 300.0)
    assert 30.0 * GAPS_MAX * 0.8 <= since_event_s <= 30.0 * GAPS_MAX


def test_without_subscriptions_no_event_is_missed() -> None:
    watched = Watched(answers=True)
    for _ in range(20):
        watched.look(events=3)
    for _ in range(2_000):
        assert watched.look(subscribed=False) in (Verdict.FINE, Verdict.ASK)


def test_a_socket_without_any_event_is_suspect_in_the_end() -> None:
    assert Watched(answers=True).until(Verdict.QUIET, 1_000.0) <= SILENCE_S * UNHEARD_TIMES + LOOK_S


def test_a_standstill_of_our_own_is_not_held_against_the_line() -> None:
    watched = Watched(answers=True)
    for _ in range(10):
        watched.look(events=1)
    assert watched.look(pause_s=3_600.0) is Verdict.FINE
    assert watched.until(Verdict.ASK, 60.0) >= SILENCE_S / 2
