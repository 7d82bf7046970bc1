"""What a page of history says: which of its rows can be true, and which of them are closed. Pure.

A page is what the exchange has from an open time on, oldest first, as far as one reply goes. Its last row is usually the bar
that is still open. That a row is closed is believed when a later row stands behind it, or when its end lies so far back that no
clock can be that wrong. That the bar is known to have closed is not enough: a server that lags shows it as it was before.
"""

from collections.abc import Sequence
from typing import NamedTuple

from engine.base.types import Kline
from engine.candles.bars import check_kline, merge
from engine.feeds.asks import NEVER_MS, Ask


class Page(NamedTuple):
    """Rows by what they are; `closed` ascends without doubles."""

    closed: list[Kline]
    forming: Kline | None
    #: Open time of the newest row, or NEVER_MS.
    newest_ms: int
    invalid: int


def read(rows: Sequence[Kline], ask: Ask, length_ms: int, sure_ms: float, latest_ms: float) -> Page:
    """Sort out a reply to `ask`: rows that cannot be true are left out, so are those that open after `latest_ms`.

    `sure_ms` is an instant of the exchange that had certainly passed when the page was asked for.
    """
    valid = merge(row for row in rows if row.open_time <= latest_ms and not check_kline(row, length_ms))
    invalid = (
        sum(row.open_time > latest_ms or bool(check_kline(row, length_ms)) for row in rows) if len(valid) != len(rows) else 0
    )
    if not valid:
        return Page([], None, NEVER_MS, invalid)
    newest_ms = valid[-1].open_time
    # A row that was left out stands for a bar all the same.
    last_ms = max((row.open_time for row in rows if row.open_time <= latest_ms), default=newest_ms)
    if newest_ms < last_ms or newest_ms + length_ms <= sure_ms or newest_ms <= ask.closed_ms:
        return Page(valid, None, newest_ms, invalid)
    return Page(valid[:-1], valid[-1], newest_ms, invalid)


def rest_of(ask: Ask, closed: Sequence[Kline], length_ms: int) -> Ask | None:
    """What a full page leaves to ask for; None when it reached the end, or makes no progress.

    A server that ignores where we ask it to start would be asked for ever.
    """
    if not closed or closed[-1].open_time < ask.start_ms:
        return None
    if not ask.first and closed[-1].open_time >= ask.until_ms:
        return None
    return ask._replace(start_ms=closed[-1].open_time + length_ms)
