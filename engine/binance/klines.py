"""A klines reply held against its question: only rows that were asked for are believed. Pure.

Whether a row makes sense as a bar is not decided here.
"""

from collections.abc import Sequence
from operator import lt

from engine.base.errors import BadReply
from engine.base.types import Kline


def asked_for(rows: Sequence[Kline], start_ms: int | None, end_ms: int | None, limit: int) -> list[Kline]:
    """The rows that open from `start_ms` to `end_ms`, at most `limit`.

    Raises BadReply when rows are doubled, out of order or before `start_ms`: then the server did not understand the question,
    and whatever else it says, even that nothing is there, answers another one.
    """
    times = [row[0] for row in rows]
    if not all(map(lt, times, times[1:])):
        raise BadReply("klines of the exchange are doubled or out of order", _span(rows), "ask again")
    if start_ms is not None and rows and rows[0].open_time < start_ms:
        raise BadReply("klines of the exchange begin before what was asked for", f"{_span(rows)}, not {start_ms}", "ask again")
    return [row for row in rows[:limit] if end_ms is None or row.open_time <= end_ms]


def _span(rows: Sequence[Kline]) -> str:
    return f"{len(rows)} rows from {rows[0].open_time} to {rows[-1].open_time}"
