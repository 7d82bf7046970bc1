"""Log lines about what may happen to many series at once: bars that the exchange corrected, prices that leapt, streams that fell
silent. Each bar once, a few at a time, and not too often.
"""

import logging
from collections.abc import Sequence

from engine.base.clock import iso_utc
from engine.feeds.incidents import Incidents, Revision

log = logging.getLogger(__name__)

#: At most so many lines at once; of the rest only the number is told.
LINES_MAX = 5
#: Time between two times, in seconds: a market that leaps all day must not fill the log.
PAUSE_S = 10.0


class News:
    """What is written down about `incidents`, and about streams that were found `silent`."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents
        self._told_s = self._silence_told_s = -PAUSE_S
        self._silent: list[str] = []

    def silent(self, streams: Sequence[str]) -> None:
        """These streams tell nothing although the exchange trades."""
        self._silent += streams

    def tell(self, now_s: float) -> None:
        """Write down what happened since the last time, unless that was just now; time is monotonic, in seconds."""
        self._tell_silence(now_s)
        if now_s - self._told_s < PAUSE_S:
            return
        found, more = self._incidents.news(LINES_MAX)
        if found:
            self._told_s = now_s
        for one in found:
            what = "corrected by the exchange" if isinstance(one, Revision) else "price leapt"
            log.warning("%s %s, bar of %s: %s: %s", one.symbol, one.interval, iso_utc(one.open_ms), what, one)
        if more:
            log.warning("%d more bars were corrected, or leapt", more)

    def _tell_silence(self, now_s: float) -> None:
        if self._silent and now_s - self._silence_told_s >= PAUSE_S:
            number, example = len(set(self._silent)), self._silent[-1]
            self._silence_told_s, self._silent = now_s, []
            log.warning(
                "%d streams are silent although the exchange trades, such as %s: they are subscribed again", number, example
            )
