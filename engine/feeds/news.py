"""Log lines about bars that the exchange corrected and prices that leapt: each bar once, a few at a time, and not too often."""

import logging

from engine.base.clock import iso_utc
from engine.feeds.incidents import Incidents, Revision

log = logging.getLogger(__name__)

#: At most so many lines at once; of the rest only the number is told.
LINES_MAX = 5
#: Time between two times, in seconds: a market that leaps all day must not fill the log.
PAUSE_S = 10.0


class News:
    """What is written down about `incidents`."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents
        self._told_s = -PAUSE_S

    def tell(self, now_s: float) -> None:
        """Write down what happened since the last time, unless that was just now; time is monotonic, in seconds."""
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
