"""What a recording tells as a whole: every closed bar from events and pages, replies by question, streams, and time.

One pass over all records; what depends on the exchange's time is settled at the end of it, when that is known.
"""

import logging
from array import array
from collections import defaultdict
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec
import numpy as np

from engine.base.errors import BadReply, RecordingError
from engine.base.types import INTERVAL_MS, Kline
from engine.binance import messages
from engine.binance.messages import Foreign, MiniTickers
from engine.candles.bars import check_kline
from engine.sim import bars
from engine.sim.bars import Bars
from engine.sim.replay.source import ADVICE, Source
from engine.sim.replay.timing import Fit, Line
from engine.wire.recording import Frame, Record, Reply

log = logging.getLogger(__name__)

KLINES = "/api/v3/klines"
TIME = "/api/v3/time"
EXCHANGE_INFO = "/api/v3/exchangeInfo"
#: Answered by the simulator itself: what was said then would be wrong at any other moment.
NOT_REPEATED = frozenset({KLINES, "/api/v3/uiKlines", TIME, "/api/v3/ping"})

#: Symbol and interval.
Key = tuple[str, str]
#: A question: path, and its parameters in order.
Question = tuple[str, tuple[tuple[str, str], ...]]


class Revision(NamedTuple):
    """From `known_ms` on a closed bar is told as `bar`."""

    known_ms: float
    key: Key
    bar: Kline


class Knowledge(NamedTuple):
    """All times but those of `lines` are the exchange's, in ms."""

    lines: dict[str, Line]
    #: Arrival of the first frame, and of the last record.
    first_ms: float
    end_ms: float
    closed: dict[Key, Bars]
    #: Names of the streams that frames came on.
    streams: frozenset[str]
    #: Later words on closed bars, in the order of time.
    revisions: list[Revision]
    #: The open bars that pages ended with, first ones only.
    open_bars: dict[Key, Kline]
    #: Bodies by question, each with its time, in the order of time.
    replies: dict[Question, list[tuple[float, bytes]]]
    frames: int
    unreadable: int


def stream_key(stream: str) -> Key | None:
    """Symbol and interval of a kline stream on a regular grid; None for any other."""
    symbol, _, interval = stream.partition("@kline_")
    return (symbol.upper(), interval) if symbol and interval in INTERVAL_MS else None


def question(target: str) -> Question:
    """A path and query as what is asked, whatever the order of its parameters."""
    parts = urlsplit(target)
    return parts.path, tuple(sorted(parse_qsl(parts.query, keep_blank_values=True)))


def learn(source: Source) -> Knowledge:
    """Read all of a recording; raises RecordingError when it holds no frame at all."""
    reading = _Reading()
    for run, record in source.records():
        reading.take(run, record)
    if not reading.frames:
        raise RecordingError("recording holds no frame", source.path, ADVICE)
    return reading.settle()


class _Reading:
    """Gathers while records pass. Rows wait in flat arrays: ten numbers of the bar, its run, its instant of arrival."""

    def __init__(self) -> None:
        self.frames = 0
        self._streams: set[str] = set()
        self._unreadable = 0
        self._runs: dict[str, int] = {}
        self._by_events: list[Fit] = []
        self._by_replies: list[Fit] = []
        self._rows: dict[Key, array[float]] = defaultdict(lambda: array("d"))
        self._tails: list[tuple[int, int, Key, Kline]] = []
        self._replies: list[tuple[int, int, Question, bytes]] = []
        self._first_frame: tuple[int, int] | None = None
        self._last_us: list[int] = []

    def take(self, run: str, record: Record) -> None:
        if run not in self._runs:
            self._runs[run] = len(self._runs)
            self._by_events.append(Fit())
            self._by_replies.append(Fit())
            self._last_us.append(0)
        number = self._runs[run]
        self._last_us[number] = record.monotonic_us
        if isinstance(record, Reply):
            self._take_reply(number, record)
        else:
            self._take_frame(number, record)

    def _take_frame(self, run: int, frame: Frame) -> None:
        self.frames += 1
        self._first_frame = self._first_frame or (run, frame.monotonic_us)
        try:
            event = messages.decode_kline_frame(frame.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._take_other(frame)
            return
        self._streams.add(event.stream)
        key = stream_key(event.stream)
        bar = Kline(*msgspec.structs.astuple(event.data.kline)[:10])
        if key is None or check_kline(bar, INTERVAL_MS[key[1]]):
            return
        # A time that does not fit its bar is nonsense, and would move all others.
        if 0 <= event.data.event_ms - bar.open_time <= 2 * INTERVAL_MS[key[1]]:
            self._by_events[run].sample(frame.monotonic_us, event.data.event_ms)
        if event.data.kline.closed:
            self._keep(key, bar, run, frame.monotonic_us)

    def _take_other(self, frame: Frame) -> None:
        try:
            message = messages.decode(frame.payload)
        except BadReply:
            self._unreadable += 1
            return
        if isinstance(message, Foreign | MiniTickers):
            self._streams.add(message.stream)

    def _take_reply(self, run: int, reply: Reply) -> None:
        if reply.status != 200:
            return
        try:
            asked = question(reply.target)
            if asked[0] == KLINES:
                self._take_page(run, reply, dict(asked[1]))
            elif asked[0] == TIME:
                server_ms = messages.decode_body(reply.body, messages.decode_server_time).server_time
                self._take_time(run, reply.monotonic_us - reply.took_us // 2, server_ms)
            elif asked[0] not in NOT_REPEATED:
                self._replies.append((run, reply.monotonic_us, asked, reply.body))
        except (BadReply, ValueError) as error:
            self._unreadable += 1
            log.info("a recorded reply is left out: %s", error)

    def _take_time(self, run: int, monotonic_us: int, server_ms: int) -> None:
        self._by_replies[run].sample(monotonic_us, server_ms)
        events = self._by_events[run]
        # Before the first event the clock of a simulator may have stood still.
        if events.count and monotonic_us >= events.last_us:
            events.sample(monotonic_us, server_ms)

    def _take_page(self, run: int, reply: Reply, asked: dict[str, str]) -> None:
        """Rows of a page are closed, but for the last, which may not be."""
        key = (asked.get("symbol", ""), asked.get("interval", ""))
        if key[1] not in INTERVAL_MS or "timeZone" in asked:
            return
        rows = messages.decode_klines(reply.body)
        for row in rows[:-1]:
            self._keep_valid(key, row, run, reply.monotonic_us)
        if rows:
            # Whether it was closed when it was asked for is known once the exchange's time is.
            self._tails.append((run, reply.monotonic_us - reply.took_us, key, rows[-1]))

    def _keep_valid(self, key: Key, bar: Kline, run: int, monotonic_us: int) -> None:
        if not check_kline(bar, INTERVAL_MS[key[1]]):
            self._keep(key, bar, run, monotonic_us)

    def _keep(self, key: Key, bar: Kline, run: int, monotonic_us: int) -> None:
        self._rows[key].extend((*bar, run, monotonic_us))

    # --- at the end -------------------------------------------------------------------------------------------------

    def settle(self) -> Knowledge:
        """All of it in the exchange's time."""
        lines = [self._line(number) for number in range(len(self._runs))]
        open_bars: dict[Key, Kline] = {}
        for run, monotonic_us, key, row in self._tails:
            if row.open_time + INTERVAL_MS[key[1]] <= lines[run].exchange_ms(monotonic_us):
                self._keep_valid(key, row, run, monotonic_us)
            elif not check_kline(row, INTERVAL_MS[key[1]]):
                open_bars.setdefault(key, row)
        closed, revisions = self._series(lines)
        replies: dict[Question, list[tuple[float, bytes]]] = defaultdict(list)
        for run, monotonic_us, asked, body in self._replies:
            replies[asked].append((lines[run].exchange_ms(monotonic_us), body))
        assert self._first_frame is not None
        run, monotonic_us = self._first_frame
        return Knowledge(
            lines={name: lines[number] for name, number in self._runs.items()},
            first_ms=lines[run].exchange_ms(monotonic_us),
            end_ms=max(line.exchange_ms(last_us) for line, last_us in zip(lines, self._last_us, strict=True)),
            closed=closed,
            streams=frozenset(self._streams),
            revisions=revisions,
            open_bars=open_bars,
            replies=dict(replies),
            frames=self.frames,
            unreadable=self._unreadable,
        )

    def _line(self, run: int) -> Line:
        """Events tell the time best; replies where there are too few of them."""
        events, replies = self._by_events[run], self._by_replies[run]
        line = events.line(replies.rate or 1.0) or replies.line()
        # A run without any time has nothing to be shown in time either; it is put before all others.
        return line or Line(self._last_us[run], 0.0, 1.0)

    def _series(self, lines: list[Line]) -> tuple[dict[Key, Bars], list[Revision]]:
        """The first word on every bar, and those that differ from the word before."""
        closed: dict[Key, Bars] = {}
        revisions: list[Revision] = []
        origins, at_ms, rates = (np.array(values) for values in zip(*lines, strict=True))
        for key, flat in self._rows.items():
            table = np.frombuffer(flat).reshape(-1, bars.FIELDS + 2)
            run = table[:, bars.FIELDS].astype(np.int64)
            known_ms = at_ms[run] + (table[:, bars.FIELDS + 1] - origins[run]) * rates[run] / 1e3
            order = np.lexsort((known_ms, table[:, bars.OPEN_TIME]))
            words, known_ms = table[order, : bars.FIELDS], known_ms[order]
            same_bar = np.append(False, words[1:, bars.OPEN_TIME] == words[:-1, bars.OPEN_TIME])
            differs = np.append(False, (words[1:] != words[:-1]).any(axis=1))
            closed[key] = np.ascontiguousarray(words[~same_bar].T)
            for place in np.flatnonzero(same_bar & differs):
                row = words[place].tolist()
                revisions.append(Revision(float(known_ms[place]), key, Kline(int(row[0]), *row[1:])))
        return closed, sorted(revisions, key=lambda revision: revision.known_ms)
