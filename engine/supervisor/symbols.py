"""When the exchange is asked again which symbols it trades, and which are traded most; and what follows from the answer.

`Agenda` decides when, from the clock and from what is seen of the series; `SymbolWatch` asks, and tells the desk. An exchange
that does not answer changes nothing: it is asked again later.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import Any

from engine.base.errors import EngineError
from engine.base.settings import Settings
from engine.feeds.facts import SeriesFacts
from engine.feeds.feed import Feed
from engine.feeds.freshness import State
from engine.feeds.universe import top

log = logging.getLogger(__name__)

LOOK_PAUSE_S = 1.0
#: Shortest time between two questions for the list, whatever is seen: weight 20, of 6,000 a minute.
SOON_S = 10.0


class Turn(Enum):
    """What to do now."""

    NOTHING = auto()
    #: Ask which symbols there are, weight 20.
    LIST = auto()
    #: Ask for the volumes too, weight 100.
    RANK = auto()


class Agenda:
    """Pure: every `relist_s` the list, every `rerank_s` the ranking (0: never), all in seconds of a monotonic clock.

    Symbols that stopped talking, and replies that lack some, make the next question come soon; when it brings nothing new, the
    same reason waits twice as long before it is good again.
    """

    def __init__(self, relist_s: float, rerank_s: float, now_s: float) -> None:
        self._relist_s = relist_s
        self._rerank_s = rerank_s
        self._listed_s = self._ranked_s = now_s
        self._soon_s = min(SOON_S, relist_s)

    def turn(self, now_s: float, *, is_suspicious: bool) -> Turn:
        """What is due; a turn that is given counts as taken."""
        if self._rerank_s and now_s - self._ranked_s >= self._rerank_s:
            self._ranked_s = self._listed_s = now_s
            return Turn.RANK
        if not is_suspicious:
            self._soon_s = min(SOON_S, self._relist_s)
        since_s = now_s - self._listed_s
        if since_s >= self._relist_s or (is_suspicious and since_s >= self._soon_s):
            if is_suspicious:
                self._soon_s = min(self._soon_s * 2, self._relist_s)
            self._listed_s = now_s
            return Turn.LIST
        return Turn.NOTHING

    def failed(self, turn: Turn, now_s: float) -> None:
        """The exchange did not answer: the ranking is due again soon, the list when it is its time."""
        if turn is Turn.RANK:
            self._ranked_s = now_s - max(0.0, self._rerank_s - min(self._relist_s, self._rerank_s))


def mute_symbols(series: Iterable[SeriesFacts]) -> set[str]:
    """Symbols that had bars and of which no series is live any more."""
    had, live = set(), set()
    for one in series:
        if one.state is State.LIVE:
            live.add(one.symbol)
        elif one.last_closed_ms > 0:
            had.add(one.symbol)
    return had - live


class SymbolWatch:
    """Watches over the symbols of one engine; `ranked_again` is called when the universe has changed."""

    def __init__(
        self, settings: Settings, feed: Feed, ranked_again: Callable[[], None], publish: Callable[[str, Any], None]
    ) -> None:
        self._feed = feed
        self._ranked_again = ranked_again
        self._publish = publish
        # Symbols that were named stay as they are named.
        rerank_s = settings.rerank_s if top(settings.symbols) else 0.0
        self._agenda = Agenda(settings.relist_s, rerank_s, time.monotonic())
        #: How often the universe has changed.
        self.changes = 0

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_PAUSE_S)
            turn = self._agenda.turn(time.monotonic(), is_suspicious=self._is_suspicious())
            try:
                if turn is Turn.RANK:
                    await self._rank()
                elif turn is Turn.LIST:
                    await self._feed.market.read()
            except EngineError as error:
                log.warning("symbols of the exchange not received, those of the last time hold: %s", error)
                self._agenda.failed(turn, time.monotonic())
            except Exception:
                # Whatever the exchange says, a look that fails is followed by another, and the engine goes on.
                log.exception("a look at the exchange's symbols failed")

    def _is_suspicious(self) -> bool:
        counts = self._feed.states()
        quiet = sum(counts.values()) == counts[State.LIVE]
        return self._feed.market.listing.is_in_doubt or (not quiet and bool(mute_symbols(self._feed.series())))

    async def _rank(self) -> None:
        before = self._feed.ranked
        after = await self._feed.market.rank_again()
        came, left = sorted(set(after) - set(before)), sorted(set(before) - set(after))
        self._ranked_again()
        if came or left:
            self.changes += 1
            log.info("universe ranked again: %s came, %s left", " ".join(came) or "none", " ".join(left) or "none")
            self._publish("universe_changed", {"came": came, "left": left})
