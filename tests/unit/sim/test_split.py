"""A candle cut into sixty parts that add up to it."""

from hypothesis import given
from hypothesis import strategies as st

from engine.base.types import Kline
from engine.sim import bars
from engine.sim.split import PARTS, running, split

ticks = st.integers(1, 5_000)


@st.composite
def candles(draw: st.DrawFn) -> Kline:
    low, open_, close, high = sorted(draw(ticks) / 100 for _ in range(4))
    if draw(st.booleans()):
        open_, close = close, open_
    lots = draw(st.integers(0, 400))
    if lots == 0:
        return bars.flat(60_000, open_)
    trades = draw(st.integers(1, 300))
    volume, taker = lots / 1000, draw(st.integers(0, lots)) / 1000
    middle = (high + low) / 2
    return Kline(60_000, open_, high, low, close, volume, volume * middle, float(trades), taker, taker * middle)


@given(candles(), st.integers(0, 2**32), ticks)
def test_the_parts_add_up_to_the_candle(candle: Kline, seed: int, before: int) -> None:
    # Given a candle, when it is cut
    parts = split(candle, 60_000, before / 100, seed, (2, 3))
    # Then each part is a candle of its own
    assert parts.shape == (10, PARTS)
    assert (parts[bars.LOW] <= parts[bars.OPEN : bars.CLOSE + 1]).all()
    assert (parts[bars.HIGH] >= parts[bars.OPEN : bars.CLOSE + 1]).all()
    assert ((parts[bars.VOLUME] > 0) == (parts[bars.TRADES] > 0)).all()
    assert (parts[bars.TAKER] <= parts[bars.VOLUME] + 1e-12).all()
    # And joined they are the candle again
    joined = bars.join(parts, 3)
    assert joined is not None
    assert joined[:6] == candle[:6]
    assert (joined.trades, joined.taker_buy_volume) == (candle.trades, candle.taker_buy_volume)
    assert abs(joined.quote_volume - candle.quote_volume) < 1e-6
    assert abs(joined.taker_buy_quote_volume - candle.taker_buy_quote_volume) < 1e-6


@given(candles(), st.integers(0, 2**32))
def test_what_each_part_leaves_behind_is_the_join_of_all_before_it(candle: Kline, seed: int) -> None:
    parts = split(candle, 60_000, 9.99, seed, (2, 3))
    for count, seen in enumerate(running(parts), start=1):
        joined = bars.join(parts[:, :count], 3)
        assert joined is not None
        if joined.volume == 0:
            joined = bars.flat(joined.open_time, joined.close)
        assert seen[:5] == joined[:5]
        assert abs(seen.volume - joined.volume) < 1e-9
        assert seen.trades == joined.trades


def test_the_same_seed_gives_the_same_parts() -> None:
    candle = Kline(0, 10.0, 12.0, 9.0, 11.0, 5.0, 52.0, 40.0, 2.0, 21.0)
    assert (split(candle, 60_000, 10.0, 7, (2, 3)) == split(candle, 60_000, 10.0, 7, (2, 3))).all()
    assert (split(candle, 60_000, 10.0, 7, (2, 3)) != split(candle, 60_000, 10.0, 8, (2, 3))).any()


def test_silent_parts_stay_at_the_close_before_the_candle() -> None:
    candle = Kline(0, 10.0, 10.0, 10.0, 10.0, 0.001, 0.01, 1.0, 0.0, 0.0)
    parts = split(candle, 60_000, 9.5, 3, (2, 3))
    first = int(parts[bars.VOLUME].argmax())
    assert (parts[bars.CLOSE, :first] == 9.5).all()
    assert (parts[bars.CLOSE, first:] == 10.0).all()
