"""Any interleaving of live events, history, gaps, doubles, delays and revisions ends in the truth of the exchange.

A model exchange makes bars and holes. Its events are lost, doubled and delayed at will, its replies are taken at one moment
and delivered at another. Whatever happens, a bar is announced once, in order, when it is in the candles; and when the
trouble ends, the candles are exactly what the exchange has.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from hypothesis import event as note
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.base.types import Kline
from engine.binance.messages import KlineEvent, KlineFields
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.feeds.asks import Ask, Tally
from engine.feeds.join import Series
from engine.feeds.needs import Now, Slot

MINUTE = 60_000
T = 1_700_000_040_000 // MINUTE * MINUTE
#: Bars the exchange has before anything happens, and rows of a full page.
BEFORE = 12
PAGE = 7
RING = 256


class World:
    """An exchange, a network without manners, and one series."""

    def __init__(self, writer: Writer, seed: int) -> None:
        self.chance = Random(seed)
        self.writer = writer
        self.truth: dict[int, Kline] = {}
        self.opened = 0
        self.network: list[KlineEvent] = []
        self.reply: tuple[Ask, list[Kline], float, bool] | None = None
        self.announced: list[int] = []
        self.monotonic_s = 0.0
        self.first_history_until = -1
        series = Series(writer, writer.add_symbol("A"), writer.add_interval("1m"), MINUTE, self._closed, Tally())
        self.slot = Slot("A", "1m", "a@kline_1m", series, from_ms=T, wished_s=0.0, subscribed=True)
        for _ in range(BEFORE):
            self.close_bar(hole=False, fate="lost")

    def _closed(self, symbol: int, interval: int, open_ms: int) -> None:
        assert self.writer.bar(symbol, interval, open_ms) is not None
        self.announced.append((open_ms - T) // MINUTE)

    @property
    def now_ms(self) -> int:
        """The exchange's clock: half a minute into the open bar."""
        return T + self.opened * MINUTE + MINUTE // 2

    def bar(self, index: int) -> Kline:
        """New numbers for a bar."""
        price = self.chance.uniform(50, 150)
        return Kline(T + index * MINUTE, price, price + 2, price - 2, price + 1, 5.0, 500.0, 3.0, 2.0, 200.0)

    # --- what may happen --------------------------------------------------------------------------------------------

    def close_bar(self, *, hole: bool, fate: str) -> None:
        """The open bar closes, or turns out never to have existed; its event meets a fate."""
        if not hole:
            kline = self.bar(self.opened)
            self.truth[self.opened] = kline
            self._send(kline, True, fate)
        self.opened += 1

    def form(self, fate: str) -> None:
        """The open bar changes."""
        self._send(self.bar(self.opened), False, fate)

    def revise(self) -> None:
        """The exchange corrects a recent bar, and says so."""
        known = [index for index in self.truth if index >= self.opened - 5]
        if known:
            index = self.chance.choice(known)
            self.truth[index] = self.bar(index)
            self._send(self.truth[index], True, "delivered")

    def _send(self, kline: Kline, closed: bool, fate: str) -> None:
        event = KlineEvent(self.now_ms + closed * MINUTE // 2, KlineFields(*kline, closed))
        if fate in ("delivered", "doubled"):
            self.slot.series.take(event)
        if fate == "doubled":
            self.slot.series.take(event)
        if fate == "delayed":
            self.network.append(event)

    def deliver(self) -> None:
        """A delayed event arrives, if it is not outdated by a correction since."""
        if self.network:
            event = self.network.pop(self.chance.randrange(len(self.network)))
            index = (event.kline.open_time - T) // MINUTE
            kline = Kline(*(getattr(event.kline, name) for name in Kline._fields))
            if not event.kline.closed or self.truth.get(index) == kline:
                self.slot.series.take(event)

    def request(self) -> None:
        """One pass: the series asks if it misses something; the exchange answers as of now, minus a lag."""
        self.monotonic_s += 60.0
        ask = self.slot.next_ask(Now(self.now_ms, self.monotonic_s, 1.0), MINUTE)
        if ask is not None:
            self.slot.asking = ask
            self._answer(ask, lag=self.chance.choice((0, 0, 1)))

    def _answer(self, ask: Ask, lag: int) -> None:
        start = (ask.start_ms - T) // MINUTE
        newest = self.opened - lag
        rows = [self.truth[index] for index in range(start, newest) if index in self.truth]
        if self.chance.random() < 0.8 and newest >= start:
            rows.append(self.bar(newest)._replace(open_time=T + newest * MINUTE))
        limit = PAGE if ask.first else (ask.until_ms - ask.start_ms) // MINUTE + 2
        # A reply that lags shows the newest closed bar unfinished; only what closed a bar ago is sure.
        sure_ms = float(T + (newest - 1) * MINUTE)
        self.reply = ask, rows[:limit], sure_ms, len(rows[:limit]) >= limit

    def receive(self) -> None:
        """The answer arrives."""
        if self.reply is None:
            return
        (ask, rows, sure_ms, full), self.reply = self.reply, None
        series, before_ms = self.slot.series, self.slot.series.settled_ms
        was_joined = series.is_joined
        rest = series.fill(ask, rows, sure_ms, full=full)
        if rest is not None:
            self.slot.asking = rest
            self._answer(rest, lag=0)
            return
        self.slot.answered(ask.first or series.settled_ms > before_ms, self.monotonic_s, lambda: 0.0)
        if not was_joined:
            self.first_history_until = min(self.announced, default=(series.settled_ms - T) // MINUTE + 1) - 1

    def settle(self) -> None:
        """The trouble ends: events arrive, replies are fresh, time goes on a little."""
        while self.network:
            self.deliver()
        for _ in range(3):
            self.close_bar(hole=False, fate="delivered")
        for _ in range(200):
            self.receive()
            self.monotonic_s += 60.0
            ask = self.slot.next_ask(Now(self.now_ms, self.monotonic_s, 1.0), 0.0)
            if ask is None and self.reply is None:
                return
            if ask is not None:
                self.slot.asking = ask
                self._answer(ask, lag=0)
        raise AssertionError("the series still asks after 200 answers")

    def held(self) -> dict[int, Kline]:
        """What the candles hold, by position."""
        first, last = self.writer.first_open_ms(0, 0), self.writer.last_open_ms(0, 0)
        found = {(ms - T) // MINUTE: self.writer.bar(0, 0, ms) for ms in range(first, last + 1, MINUTE)}
        return {index: kline for index, kline in found.items() if kline is not None}


FATES = st.sampled_from(("delivered", "delivered", "delivered", "doubled", "lost", "delayed"))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("close"), FATES),
        st.tuples(st.just("close"), FATES),
        st.tuples(st.just("hole"), FATES),
        st.tuples(st.just("form"), FATES),
        st.tuples(st.just("revise"), FATES),
        st.tuples(st.just("deliver"), FATES),
        st.tuples(st.just("request"), FATES),
        st.tuples(st.just("receive"), FATES),
    ),
    max_size=60,
)


@contextmanager
def worlds(seed: int) -> Iterator[World]:
    """A world on a segment of its own."""
    segment = Segment.create(2, 2, RING)
    try:
        yield World(Writer(segment), seed)
    finally:
        segment.close()


def run(world: World, steps: list[tuple[str, str]]) -> None:
    """Play the steps, looking at every one that order is kept."""
    for step, fate in steps:
        if step == "close":
            world.close_bar(hole=False, fate=fate)
        elif step == "hole":
            world.close_bar(hole=True, fate=fate)
        elif step == "form":
            world.form(fate)
        else:
            {"revise": world.revise, "deliver": world.deliver, "request": world.request, "receive": world.receive}[step]()
        assert world.announced == sorted(set(world.announced))
        held = world.held()
        missing = [index for index in world.truth if held and min(held) <= index <= max(held) and index not in held]
        assert not missing, "bars were skipped although the exchange has them"


@settings(max_examples=400, deadline=None)
@given(STEPS, st.integers(0, 2**32))
def test_every_interleaving_ends_in_the_truth(steps: list[tuple[str, str]], seed: int) -> None:
    with worlds(seed) as world:
        run(world, steps)
        world.settle()

        note("with a first history" if world.first_history_until >= 0 else "without")
        assert world.held() == world.truth
        expected = [index for index in sorted(world.truth) if index > world.first_history_until]
        assert world.announced == expected
