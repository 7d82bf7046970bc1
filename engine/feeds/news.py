"""Log lines about bars that the exchange corrected and prices that leapt: each bar once, a few at a time."""

import logging

from engine.base.clock import iso_utc
from engine.feeds.incidents import Incidents, Revision

log = logging.getLogger(__name__)

#: At most so many lines at once; of the rest only the number is told.
LINES_MAX = 5


def tell(incidents: Incidents) -> None:
    """Write down what happened since the last call."""
    found, more = incidents.news(LINES_MAX)
    for one in found:
        what = "corrected by the exchange" if isinstance(one, Revision) else "price leapt"
        log.warning("%s %s, bar of %s: %s: %s", one.symbol, one.interval, iso_utc(one.open_ms), what, one)
    if more:
        log.warning("%d more bars were corrected, or leapt", more)
