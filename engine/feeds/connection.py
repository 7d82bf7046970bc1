"""One connection to the exchange, for ever: socket after socket, each replaced before it is too old, mended when it is lost.

Its streams stay the same whichever socket carries them; while two do, events come twice. When to do what is decided in `life`,
a single socket is a `Link`. Not here: which streams travel on it, and what their events mean.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from engine.binance.hosts import Hosts
from engine.binance.messages import Message
from engine.feeds import life
from engine.feeds.backoff import RECONNECT_FIRST_S, RECONNECT_MAX_S, Attempts, full_jitter_s
from engine.feeds.life import Handover, Step, View
from engine.feeds.link import SILENT, Link
from engine.feeds.modesty import Modesty
from engine.feeds.subscriptions import Change
from engine.feeds.websocket import Ending

log = logging.getLogger(__name__)

#: How often two sockets are compared while one replaces the other, in seconds.
HANDOVER_LOOK_S = 0.05
#: Longest time without a look at how it is, in seconds.
WAIT_MAX_S = 60.0
#: Close code by which the exchange says, among others, that we say or want too much.
POLICY_VIOLATION = 1008
#: A stream that is to be subscribed again so soon after the last time needs another socket, in seconds.
RESUBSCRIBED_S = 120.0
#: A socket younger than this is not replaced because streams are silent, and not soon again for anything else, in seconds.
YOUNG_S = 30.0
#: At most one attempt in so many seconds comes before its time.
HURRY_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all connections of a feed; hosts tried and attempts made are theirs together."""

    hosts: Hosts
    attempts: Attempts
    #: The most that one connection carries.
    max_streams: int
    #: A line on which nothing comes for so long is asked whether it is there.
    silence_s: float
    max_age_s: float


class Connection:
    """Keeps one socket open to the current one of the hosts, and subscribed; `start` begins, `close` ends it.

    `take(payload)` gets each text message and returns those that are not events for others. `on_subscribed(names)` tells that
    streams are carried, `on_lost(names)` that no socket carries them (any more), `on_shed()` that some were put out.
    """

    def __init__(
        self,
        number: int,
        take: Callable[[bytes], Message | None],
        on_subscribed: Callable[[Sequence[str]], None],
        on_lost: Callable[[Sequence[str]], None],
        on_shed: Callable[[], None],
        terms: Terms,
    ) -> None:
        self.number = number
        self._take = take
        self._on_subscribed = on_subscribed
        self._on_lost = on_lost
        self._on_shed = on_shed
        self._hosts = terms.hosts
        self._attempts = terms.attempts
        self._modesty = Modesty(terms.max_streams)
        self._silence_s = terms.silence_s
        self._max_age_s = terms.max_age_s
        self._wish: dict[str, None] = {}
        self._links: list[Link] = []
        self._age_limits_s: dict[Link, float] = {}
        #: Events of the socket that is replaced when its successor was complete.
        self._events_before = 0
        self._open_at_s = 0.0
        self._hurried_s = float("-inf")
        self._failures = 0
        self._was_up = self._ever_up = False
        self._stirred = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._resubscribed_s: dict[str, float] = {}
        self._past_events = self._past_refusals = 0
        self.reconnects = 0
        self.replacements = 0
        self.resubscribed = 0
        #: Why the last socket ended, or could not be opened; empty while one is up.
        self.problem = "not connected yet"

    # --- what it is for ---------------------------------------------------------------------------------------------

    @property
    def streams(self) -> frozenset[str]:
        """The streams that should travel on this connection."""
        return frozenset(self._wish)

    @property
    def capacity(self) -> int:
        """Most streams that it takes now."""
        return self._modesty.capacity(time.monotonic())

    @property
    def host(self) -> str:
        """Where its socket leads; empty without one."""
        return self._links[0].url if self._links else ""

    @property
    def events(self) -> int:
        """Events received, over all its sockets."""
        return self._past_events + sum(link.events for link in self._links)

    @property
    def refusals(self) -> int:
        """Errors that the exchange answered with, over all its sockets."""
        return self._past_refusals + sum(link.refusals for link in self._links)

    def add(self, names: Iterable[str]) -> None:
        """Let these streams travel here too; one that left just now and is carried still is told to be subscribed at once."""
        new = [name for name in names if name not in self._wish]
        self._wish.update(dict.fromkeys(new))
        still = [name for name in new if any(name in link.subscriptions.live for link in self._links)]
        if still:
            self._on_subscribed(still)
        self._tell_links()

    def remove(self, names: Iterable[str]) -> None:
        """Let these streams travel here no more."""
        for name in names:
            self._wish.pop(name, None)
            self._resubscribed_s.pop(name, None)
        self._tell_links()

    def resubscribe(self, names: Sequence[str]) -> None:
        """These streams are silent although they should not be; subscribe them again, or all on another socket."""
        if not self._links or not self._links[0].is_up:
            return
        link, now_s = self._links[0], time.monotonic()
        again = any(now_s - self._resubscribed_s.get(name, float("-inf")) < RESUBSCRIBED_S for name in names)
        most = 2 <= len(names) > len(self._wish) / 2
        if (again or most) and now_s - link.opened_s >= YOUNG_S:
            self.replace(f"{len(names)} of {len(self._wish)} streams are silent")
            return
        self._resubscribed_s.update(dict.fromkeys(names, now_s))
        lost = link.subscriptions.renew(names)
        if lost:
            self.resubscribed += len(lost)
            self._on_lost(lost)
            link.wish_changed()

    def replace(self, reason: str) -> None:
        """Make another socket take the place of the one that is up, if any; that one stays until then."""
        if self._links and not self._links[0].outdated:
            self._links[0].outdated = reason
            self._stirred.set()

    def hurry(self) -> None:
        """The exchange is known to be there again: the next attempt comes soon, whatever its pause."""
        now_s = time.monotonic()
        if self._links or self._open_at_s <= now_s or now_s - self._hurried_s < HURRY_PAUSE_S:
            return
        self._hurried_s = now_s
        self._open_at_s = min(self._open_at_s, now_s + RECONNECT_FIRST_S * random.random())
        self._stirred.set()

    def _tell_links(self) -> None:
        for link in self._links:
            link.wish_changed()

    # --- begin and end ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect; begin again if a mistake of ours ended what was begun before."""
        if self._task is not None:
            if not self._task.done():
                return
            log.error("connection %d: ended by mistake, begins again", self.number, exc_info=self._task.exception())
        self._task = asyncio.create_task(self._run(), name=f"connection {self.number}")

    async def close(self) -> None:
        """End the connection and the attempts to make one."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await asyncio.gather(*(link.close() for link in self._links))
        self._links.clear()

    # --- socket after socket ----------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._stirred.clear()
            now_s = time.monotonic()
            for link in [link for link in self._links if link.ending is not None]:
                self._links.remove(link)
                self._ended(link, link.ending or Ending("connection lost"), now_s)
            self._look_up()
            ready = self._hand_over(now_s)
            views = [self._view(link, now_s, ready=ready and link is not self._links[0]) for link in self._links]
            step, until_s = life.next_step(views, now_s, self._open_at_s)
            if step is Step.OPEN:
                self._open(now_s)
            elif step is Step.RETIRE:
                self._links[0].retire()
            else:
                await self._wait(HANDOVER_LOOK_S if len(self._links) > 1 else until_s - now_s)

    async def _wait(self, pause_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(pause_s, WAIT_MAX_S)):
                await self._stirred.wait()

    def _view(self, link: Link, now_s: float, *, ready: bool) -> View:
        replace_s = now_s if link.outdated else link.opened_s + self._age_limits_s[link]
        return View(replace_s, ready, link.retiring)

    def _open(self, now_s: float) -> None:
        wait_s = self._attempts.acquire(now_s)
        if wait_s:
            self._open_at_s = now_s + wait_s
            self.problem = self.problem and f"too many attempts in five minutes, the next in {wait_s:.0f} s"
            log.warning("connection %d: too many attempts in five minutes, the next in %.0f s", self.number, wait_s)
            return
        if self._links:
            log.info("connection %d is replaced: %s", self.number, self._links[0].outdated or "it is old")
        link = Link(
            f"connection {self.number}",
            self._hosts.current(now_s),
            self._take,
            self._wish,
            self._changed,
            self._stirred.set,
            silence_s=self._silence_s,
            pace=self._modesty.pace(now_s),
        )
        self._age_limits_s[link] = life.age_limit_s(self._max_age_s, random.random)
        self._links.append(link)
        link.start()

    def _look_up(self) -> None:
        """Note that a socket is up, or none."""
        is_up = any(link.is_up for link in self._links)
        if is_up and not self._was_up:
            log.info("connection %d is up: %s", self.number, self.host)
            if self._ever_up:
                self.reconnects += 1
            self._ever_up, self.problem = True, ""
        self._was_up = is_up
        for link in self._links:
            if link.complete_s is not None and link.events:
                self._hosts.worked(link.url)

    def _hand_over(self, now_s: float) -> bool:
        """Whether the second socket is ready; one that will not do is given up."""
        if len(self._links) < 2:
            return False
        before, successor = self._links[0], self._links[1]
        if successor.complete_s is None:
            self._events_before = before.events
        state = Handover(
            successor.opened_s,
            successor.complete_s,
            successor.events > successor.complete_events,
            before.events > self._events_before,
        )
        if life.is_worthless(state, now_s, self._silence_s):
            successor.give_up("does not deliver what the socket does that it was to replace")
        return life.is_ready(state, now_s, self._silence_s)

    def _ended(self, link: Link, ending: Ending, now_s: float) -> None:
        """A socket is gone: tell what no other carries, and decide when the next is tried."""
        self._past_events += link.events
        self._past_refusals += link.refusals
        del self._age_limits_s[link]
        carried = {name for other in self._links for name in other.subscriptions.live}
        mine = [name for name in self._wish if name in link.subscriptions.live]
        # Nobody knows since when a silent line was dead, and so whether its successor was there in time.
        suspect = [name for name in mine if name in carried] if ending.reason.startswith(SILENT) else []
        lost = [name for name in mine if name not in carried]
        if lost or suspect:
            self._on_lost(lost + suspect)
        if suspect:
            self._on_subscribed(suspect)
        if link.retiring:
            self.replacements += 1
            # One that is to be closed as soon as it is open must not be replaced again and again at once.
            self._failures = self._failures + 1 if link.outdated and now_s - link.opened_s < YOUNG_S else 0
            self._open_at_s = now_s + self._pause_s() if self._failures else now_s
            return
        if link.events:
            self._failures = 0
        else:
            self._failures += 1
            self._hosts.failed(link.url, now_s)
        pause_s = self._pause_s()
        self._open_at_s = now_s + pause_s
        if not self._links:
            self.problem = ending.reason
        follows = "another socket is there" if self._links else f"another attempt in {pause_s:.1f} s"
        log.warning("connection %d: %s; %s", self.number, ending.reason, follows)
        if ending.code == POLICY_VIOLATION and "too many" in ending.reason.lower():
            self._shed(self._modesty.cut_for_too_much(len(self._wish), now_s))

    def _pause_s(self) -> float:
        return full_jitter_s(self._failures, random.random, RECONNECT_FIRST_S, RECONNECT_MAX_S)

    # --- what a socket tells ----------------------------------------------------------------------------------------

    def _changed(self, link: Link, change: Change) -> None:
        carried = {name for other in self._links if other is not link for name in other.subscriptions.live}
        gained = [name for name in change.gained if name in self._wish and name not in carried]
        if gained:
            self._on_subscribed(gained)
        lost = [name for name in change.lost if name in self._wish and name not in carried]
        if change.lost:
            self.resubscribed += len(change.lost)
            log.warning("connection %d: %d streams had been forgotten, such as %s", self.number, len(change.lost), change.lost[0])
        if lost:
            self._on_lost(lost)
        if change.no_room:
            now_s = time.monotonic()
            link.subscriptions.postpone(change.no_room, now_s)
            self._shed(self._modesty.no_room(len(self._wish), len(link.subscriptions.live), now_s))

    def _shed(self, keep: int) -> None:
        """Put out the streams beyond the first `keep`, those that are not carried first."""
        live = {name for link in self._links for name in link.subscriptions.live}
        ordered = sorted(self._wish, key=lambda name: name not in live)
        gone = ordered[keep:]
        if gone:
            log.warning("connection %d: carries %d streams now, %d go elsewhere", self.number, keep, len(gone))
            self.remove(gone)
            self._on_lost(gone)
            self._on_shed()
