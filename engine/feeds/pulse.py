"""Whether a socket still lives, told by what it received. Pure; time is passed in, in monotonic seconds.

Two signs of life are kept apart. Any frame, a ping of the exchange included, shows that the line is open. Events show that
the subscriptions are served. A socket of quiet symbols may have no event for long: it is asked for a sign of life, and its
answer is enough. One that used to have events every moment and has none any more is suspect though it answers: another is
made beside it, which costs nothing if the market is just quiet.
"""

from enum import Enum

#: Parts of the time allowed without any frame: after the first we ask, and wait for an answer for the second. What is left
#: is for looks that come late, so that a dead line is noticed within the time allowed.
ASK_SHARE = 0.5
ANSWER_SHARE = 0.35
#: Looks within the time allowed.
LOOKS = 20
#: Silence of events is suspect beyond so many times the longest gap seen lately.
GAPS_MAX = 4.0
#: The longest gap seen halves in so many seconds.
GAP_HALF_LIFE_S = 600.0
#: Looks that found events before the gaps between them are believed to be usual.
KNOWN_AFTER = 5
#: A socket without a single event for so many times the time allowed is suspect too.
UNHEARD_TIMES = 30.0


class Verdict(Enum):
    """What to do with the socket."""

    FINE = "fine"
    #: Ask it for a sign of life.
    ASK = "ask"
    #: It answers, but its events have stopped: make another, keep this one until then.
    QUIET = "quiet"
    #: End it.
    DEAD = "dead"


class Pulse:
    """Of one socket, opened at `now_s`; `silence_s` is the longest time without any frame."""

    def __init__(self, silence_s: float, now_s: float) -> None:
        self._silence_s = silence_s
        self._frames = self._events = 0
        self._frame_s = self._event_s = self._looked_s = now_s
        self._asked_s: float | None = None
        self._gap_s = 0.0
        self._looks_with_events = 0

    @property
    def look_every_s(self) -> float:
        """Pause between two looks."""
        return self._silence_s / LOOKS

    def look(self, frames: int, events: int, now_s: float, *, subscribed: bool) -> Verdict:
        """Judge by how many frames and events have come in all; `subscribed` when events are to be expected."""
        if now_s - self._looked_s > self._silence_s:
            # This process stood still, and the silence was its own.
            self._frame_s = self._event_s = now_s
            self._asked_s = None
        self._gap_s *= 0.5 ** ((now_s - self._looked_s) / GAP_HALF_LIFE_S)
        self._looked_s = now_s
        if frames != self._frames:
            self._frames, self._frame_s, self._asked_s = frames, now_s, None
        if events != self._events or not subscribed:
            if events != self._events and self._events:
                self._gap_s = max(self._gap_s, now_s - self._event_s)
                self._looks_with_events += 1
            self._events, self._event_s = events, now_s
        return self._verdict(now_s)

    def _verdict(self, now_s: float) -> Verdict:
        if self._asked_s is not None:
            return Verdict.DEAD if now_s - self._asked_s >= self._silence_s * ANSWER_SHARE else Verdict.FINE
        if now_s - self._frame_s >= self._silence_s * ASK_SHARE:
            self._asked_s = now_s
            return Verdict.ASK
        return Verdict.QUIET if now_s - self._event_s >= self._quiet_after_s else Verdict.FINE

    @property
    def _quiet_after_s(self) -> float:
        if self._looks_with_events < KNOWN_AFTER:
            return self._silence_s * UNHEARD_TIMES
        return max(self._silence_s, GAPS_MAX * self._gap_s)
