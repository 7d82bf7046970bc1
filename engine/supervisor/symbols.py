"""When the exchange is asked again which symbols it trades, and which are traded most; and what follows from the answer.

`Agenda` decides when, from the clock and from what is seen of the series; `SymbolWatch` asks, and tells the desk. An exchange
that does not answer changes nothing: it is asked again later.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable
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
#: Pause between two looks for symbols that stopped talking; to describe 3,000 series takes 30 ms when none is live.
SUSPECT_PAUSE_S = 3.0
#: Shortest time between two questions for the list, whatever is seen: weight 20, of 6,000 a minute.
SOON_S = 10.0
#: A symbol that is halted may trade again at any moment.
HALTED_PAUSE_S = 60.0


class Turn(Enum):
    """What to do now."""

    NOTHING = auto()
    #: Ask which symbols there are, weight 20.
    LIST = auto()
    #: Ask for the volumes too, weight 100.
    RANK = auto()


class Agenda:
    """Pure: every `relist_s` the list, every `rerank_s` the ranking (0: never), all in seconds of a monotonic clock.

    Suspects, symbols that stopped talking or that a reply lacked, make the next question come soon; while they stay suspects,
    each question waits twice as long as the one before. While a symbol is known to be halted, the list is read each minute.
    """

    def __init__(self, relist_s: float, rerank_s: float, now_s: float) -> None:
        self._relist_s = relist_s
        self._rerank_s = rerank_s
        self._listed_s = self._ranked_s = now_s
        self._soon_s = min(SOON_S, relist_s)
        self._asked_about: frozenset[str] = frozenset()

    def turn(self, now_s: float, suspects: frozenset[str] = frozenset(), *, any_halted: bool = False) -> Turn:
        """What is due; a turn that is given counts as taken."""
        if self._rerank_s and now_s - self._ranked_s >= self._rerank_s:
            self._ranked_s = self._listed_s = now_s
            return Turn.RANK
        self._asked_about &= suspects
        if suspects - self._asked_about:
            self._soon_s = min(SOON_S, self._relist_s)
        pause_s = min(HALTED_PAUSE_S, self._relist_s) if any_halted else self._relist_s
        if now_s - self._listed_s < (min(self._soon_s, pause_s) if suspects else pause_s):
            return Turn.NOTHING
        if suspects:
            self._soon_s = min(self._soon_s * 2, self._relist_s)
        self._asked_about, self._listed_s = suspects, now_s
        return Turn.LIST

    def failed(self, turn: Turn, now_s: float) -> None:
        """The exchange did not answer: the ranking is due again soon, the list when it is its time."""
        if turn is Turn.RANK:
            self._ranked_s = now_s - max(0.0, self._rerank_s - min(self._relist_s, self._rerank_s))


def mute_symbols(series: Iterable[SeriesFacts]) -> frozenset[str]:
    """Symbols that had bars and of which no series is live any more."""
    had, live = set(), set()
    for one in series:
        if one.state is State.LIVE:
            live.add(one.symbol)
        elif one.last_closed_ms > 0:
            had.add(one.symbol)
    return frozenset(had - live)


class SymbolWatch:
    """Watches over the symbols of one engine.

    `released` tells the symbols that are wished and not traded, `ranked_again` is called after each ranking.
    """

    def __init__(
        self,
        settings: Settings,
        feed: Feed,
        released: Callable[[], Collection[str]],
        ranked_again: Callable[[], None],
        publish: Callable[[str, Any], None],
    ) -> None:
        self._feed = feed
        self._released = released
        self._ranked_again = ranked_again
        self._publish = publish
        # Symbols that were named stay as they are named.
        rerank_s = settings.rerank_s if top(settings.symbols) else 0.0
        self._agenda = Agenda(settings.relist_s, rerank_s, time.monotonic())
        self._mute: frozenset[str] = frozenset()
        self._looked_s = -SUSPECT_PAUSE_S
        #: How often the universe has changed.
        self.changes = 0

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_PAUSE_S)
            turn = self._agenda.turn(time.monotonic(), self._suspects(), any_halted=bool(self._released()))
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

    def _suspects(self) -> frozenset[str]:
        now_s = time.monotonic()
        if now_s - self._looked_s >= SUSPECT_PAUSE_S:
            counts = self._feed.states()
            all_live = counts[State.LIVE] == sum(counts.values())
            self._mute, self._looked_s = frozenset() if all_live else mute_symbols(self._feed.series()), now_s
        return self._mute | self._feed.market.listing.doubted

    async def _rank(self) -> None:
        before = self._feed.ranked
        after = await self._feed.market.rank_again()
        came, left = sorted(set(after) - set(before)), sorted(set(before) - set(after))
        self._ranked_again()
        if came or left:
            self.changes += 1
            log.info("universe ranked again: %s came, %s left", " ".join(came) or "none", " ".join(left) or "none")
            self._publish("universe_changed", {"came": came, "left": left})
