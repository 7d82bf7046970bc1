"""What one socket is subscribed to, and what it must be told next so that it is what is wished. Pure; time is passed in.

The exchange's word is checked: a SUBSCRIBE may stay without an answer (one that is too large is dropped silently), and one that
was accepted may be forgotten. So its own list is compared with ours once everything is subscribed, whenever an answer stays
out, and every few minutes: what is missing is subscribed again, what is foreign unsubscribed. At most one frame is under way.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from engine.binance.messages import Reply
from engine.binance.streams import FRAME_NAMES_MAX, TOO_MANY_SUBSCRIPTIONS, ControlFrame, control_frames, list_frame

#: The list is compared so often, in seconds.
CHECK_EVERY_S = 180.0
#: Frames in a row that stay without an answer before the socket is given up.
IGNORED_MAX = 4
#: A stream whose SUBSCRIBE was refused is tried again after so long, in seconds.
REFUSED_AGAIN_S = 60.0


class Change(NamedTuple):
    """What an answer changed: streams that are subscribed now, that are not any more, and that found no room here."""

    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    no_room: tuple[str, ...] = ()


NOTHING = Change()


class Subscriptions:
    """Of one socket; `wish` is looked at anew whenever a frame is due, in its order."""

    def __init__(self, wish: Mapping[str, None], now_s: float) -> None:
        self._wish = wish
        #: Streams that the exchange confirmed.
        self.live: set[str] = set()
        self._renew: set[str] = set()
        self._foreign: set[str] = set()
        #: Every name that was asked for here.
        self._known: set[str] = set()
        #: Listed though not ours, and told to go once; ours and never listed: an exchange that writes names in another way.
        self._banished: set[str] = set()
        self._unlisted: set[str] = set()
        self._missed: set[str] = set()
        self._again_s: dict[str, float] = {}
        self._batch = FRAME_NAMES_MAX
        self._ignored = 0
        self._in_doubt = False
        self._check_s = now_s + CHECK_EVERY_S
        self._verified = False
        self._next_id = 1

    # --- what to say ------------------------------------------------------------------------------------------------

    @property
    def is_complete(self) -> bool:
        """Whether all that is wished, and that the exchange has, is subscribed, by the exchange's own list too."""
        return self._verified and not self._in_doubt and self._wish.keys() <= self.live | self._again_s.keys()

    def next_frame(self, now_s: float) -> ControlFrame | None:
        """The next thing to say, or None if there is nothing now; see `due_s`."""
        frame = self._frame(now_s)
        if frame is not None:
            self._next_id += 1
            if frame.method == "SUBSCRIBE":
                self._known.update(frame.names)
        return frame

    def due_s(self, now_s: float) -> float:
        """When there may be something to say although nothing happens, at the latest."""
        return min([self._check_s, *(again_s for again_s in self._again_s.values() if again_s > now_s)])

    def question(self) -> ControlFrame:
        """A question that the exchange answers after all it has said before."""
        self._next_id += 1
        return list_frame(self._next_id - 1)

    def _frame(self, now_s: float) -> ControlFrame | None:
        if self._in_doubt or now_s >= self._check_s:
            return list_frame(self._next_id)
        gone = sorted((self.live - self._wish.keys()) | self._renew | self._foreign)
        if gone:
            return control_frames("UNSUBSCRIBE", gone[: self._batch], self._next_id)[0]
        new: list[str] = []
        for name in self._wish:
            if name not in self.live and self._again_s.get(name, now_s) <= now_s:
                new.append(name)
                if len(new) == self._batch:
                    break
        if new:
            return control_frames("SUBSCRIBE", new, self._next_id)[0]
        return None if self._verified else list_frame(self._next_id)

    def renew(self, names: Iterable[str]) -> tuple[str, ...]:
        """Unsubscribe these streams and subscribe them again; returns those that were live and are not now."""
        lost = tuple(name for name in names if name in self.live)
        self.live.difference_update(lost)
        self._renew.update(lost)
        return lost

    def postpone(self, names: Iterable[str], now_s: float) -> None:
        """Do not try these streams for a while."""
        self._again_s.update(dict.fromkeys(names, now_s + REFUSED_AGAIN_S))

    # --- what comes back --------------------------------------------------------------------------------------------

    def answered(self, frame: ControlFrame, reply: Reply, now_s: float) -> Change:
        """The exchange answered `frame`."""
        self._ignored = 0
        if frame.method == "LIST_SUBSCRIPTIONS":
            return self._listed(reply.result if reply.code is None else None, now_s)
        if reply.code is not None:
            return self._refused(frame, reply.code, now_s)
        self._batch = min(FRAME_NAMES_MAX, self._batch * 2)
        if frame.method == "UNSUBSCRIBE":
            self._forget(frame.names)
            return NOTHING
        gained = tuple(name for name in frame.names if name not in self.live)
        self.live.update(gained)
        for name in frame.names:
            self._again_s.pop(name, None)
        return Change(gained=gained)

    def unanswered(self, frame: ControlFrame, now_s: float) -> bool:
        """An answer stays out; returns whether the socket is of no use any more."""
        if frame.method == "LIST_SUBSCRIPTIONS" and not self._in_doubt:
            # Events may come all the same; whether the line is dead is decided elsewhere.
            self._verified, self._check_s = True, now_s + CHECK_EVERY_S
            return False
        was_in_doubt, self._in_doubt = self._in_doubt, True
        self._ignored += 1
        self._batch = max(1, self._batch // 2)
        return was_in_doubt or self._ignored >= IGNORED_MAX

    def _refused(self, frame: ControlFrame, code: int, now_s: float) -> Change:
        if frame.method == "UNSUBSCRIBE":
            # The next check tells whether they are still there.
            self._forget(frame.names)
            return NOTHING
        if code == TOO_MANY_SUBSCRIPTIONS:
            return Change(no_room=frame.names)
        # One name that the exchange does not understand must not keep out those that are named with it.
        self._batch = max(1, len(frame.names) // 2)
        if len(frame.names) == 1:
            self.postpone(frame.names, now_s)
        return NOTHING

    def _forget(self, names: Iterable[str]) -> None:
        for kept in (self.live, self._renew, self._foreign):
            kept.difference_update(names)

    def _listed(self, result: object, now_s: float) -> Change:
        self._check_s, self._in_doubt, self._verified = now_s + CHECK_EVERY_S, False, True
        if not isinstance(result, list):
            return NOTHING
        told = {name for name in result if isinstance(name, str)}
        foreign = told - self._wish.keys() - self.live
        missing = self.live - told - self._unlisted
        if foreign - self._known:
            # What is not listed although it was subscribed twice may be what is listed under a name that is not ours.
            self._unlisted |= missing & self._missed
            missing -= self._unlisted
        self._missed = missing | (self._missed - told)
        self._verified = not missing
        lost = tuple(sorted(missing & self._wish.keys()))
        self.live -= missing
        gained = tuple(sorted((told & self._wish.keys()) - self.live - self._renew))
        self.live.update(gained)
        self._foreign = foreign - self._banished
        self._banished |= foreign - self._known
        return Change(gained=gained, lost=lost)
