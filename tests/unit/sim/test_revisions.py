"""Bars that were changed afterwards, and frames that make no sense."""

import json
from random import Random

import pytest
from aiohttp import WSMsgType
from hypothesis import given
from hypothesis import strategies as st

from engine.base.types import DAY_MS, MINUTE_MS, Kline
from engine.sim import bars
from engine.sim.faultkinds import FORMS
from engine.sim.grid import grid_of
from engine.sim.malformed import spoil
from engine.sim.market import Listing
from engine.sim.messages import kline_event
from engine.sim.revisions import Revisions, revised
from engine.sim.synthetic import SyntheticMarket
from engine.sim.tape import Tape

START_MS = 1_790_000_000_000 // DAY_MS * DAY_MS
MARKET = SyntheticMarket(seed=5, symbols=100)
LISTING = Listing("BTCUSDT", "BTC", "USDT", 2, 5, 0)


@given(rank=st.integers(0, 99), minute=st.integers(0, 1_439))
def test_a_revised_bar_is_a_candle_of_other_numbers_on_the_tick(rank: int, minute: int) -> None:
    listing = list(MARKET.listings.values())[rank]
    open_ms = START_MS + minute * MINUTE_MS
    (bar,) = bars.klines(MARKET.closed(listing.symbol, MINUTE_MS, open_ms, open_ms + 1))
    changed = revised(bar, listing)
    assert changed.open_time == bar.open_time
    assert changed.close != bar.close
    assert changed.low <= min(changed.open, changed.close) <= max(changed.open, changed.close) <= changed.high
    assert changed.low > 0
    assert changed.volume > bar.volume
    assert changed.taker_buy_volume <= changed.volume
    assert changed.trades >= 1
    assert round(changed.close, listing.price_decimals) == changed.close
    assert revised(changed, listing) != changed


def test_only_the_one_bar_of_the_one_series_changes() -> None:
    tape, plain = Tape(MARKET), Tape(MARKET)
    now_ms = START_MS + DAY_MS
    minute, month = tape.grid("BTCUSDT", "1m"), tape.grid("BTCUSDT", "1M")
    open_ms = now_ms - 5 * MINUTE_MS
    changed = tape.revise("BTCUSDT", minute, open_ms, now_ms)
    assert changed is not None
    assert tape.final("BTCUSDT", minute, open_ms) == changed != plain.final("BTCUSDT", minute, open_ms)

    def history(one: Tape, interval: str, symbol: str = "BTCUSDT") -> list[Kline]:
        grid = one.grid(symbol, interval)
        return bars.klines(one.history(symbol, grid, now_ms, start_ms=None, end_ms=None, limit=20))

    before, after = history(plain, "1m"), history(tape, "1m")
    assert [bar for bar, was in zip(after, before, strict=True) if bar != was] == [changed]
    for interval in ("5m", "1h", "1d", "3d", "1w", "1M"):
        assert history(tape, interval) == history(plain, interval)
    assert history(tape, "1m", "ETHUSDT") == history(plain, "1m", "ETHUSDT")
    # Of a grid by the calendar as well.
    assert tape.revise("BTCUSDT", month, month.open_of(month.open_of(now_ms) - 1), now_ms) is not None
    assert history(tape, "1M") != history(plain, "1M")


def test_what_does_not_exist_is_not_revised() -> None:
    tape = Tape(MARKET)
    assert tape.revise("BTCUSDT", tape.grid("BTCUSDT", "1m"), 0, START_MS) is None
    assert tape.revisions.made == []


def test_revisions_outside_of_a_page_leave_it_alone() -> None:
    revisions = Revisions()
    grid = grid_of("1m")
    table = MARKET.closed("BTCUSDT", MINUTE_MS, START_MS, START_MS + 5 * MINUTE_MS)
    for minute in (-1, 5, 7):
        revisions.add("BTCUSDT", grid, bars.flat(START_MS + minute * MINUTE_MS, 1.0), START_MS)
    assert (revisions.applied("BTCUSDT", grid, table) == table).all()
    assert revisions.applied("BTCUSDT", grid, bars.empty()).shape[1] == 0


def event(volume: float = 2.0) -> str:
    bar = Kline(START_MS, 10.0, 12.0, 9.0, 11.0, volume, 20.0, 3.0, 1.0, 10.0)
    return kline_event(
        "BTCUSDT", "1m", bar, close_time_ms=START_MS + MINUTE_MS - 1, event_ms=START_MS, closed=True, first_trade=7
    )


@given(form=st.sampled_from(FORMS), seed=st.integers(), combined=st.booleans())
def test_no_spoiled_frame_is_a_candle(form: str, seed: int, combined: bool) -> None:
    text = event()
    frame = (f'{{"stream":"btcusdt@kline_1m","data":{text}}}' if combined else text).encode()
    bad, kind = spoil(frame, form, Random(seed))
    assert bad != frame
    if form == "binary":
        assert kind is WSMsgType.BINARY
        return
    assert kind is WSMsgType.TEXT
    try:
        document = json.loads(bad)
    except (json.JSONDecodeError, UnicodeDecodeError):
        assert form in ("cut", "garbage", "empty", "utf8")
        return
    if form == "garbage":  # a number or so, by chance
        assert not isinstance(document, dict)
        return
    told = (document["data"] if combined else document)["k"]
    true = json.loads(text)["k"]
    changed = {key for key in true if told.get(key) != true[key]}
    expected = {"order": {"h", "l"}, "grid": {"t", "T"}, "future": {"t", "T"}, "symbol": {"s"}}
    assert changed == expected.get(form, changed)
    assert changed


@pytest.mark.parametrize("form", FORMS)
def test_other_events_can_be_spoiled_too(form: str) -> None:
    frame = b'[{"e":"24hrMiniTicker","E":1,"s":"BTCUSDT"}]'
    bad, _ = spoil(frame, form, Random(3))
    assert bad != frame


def test_every_form_comes_up_by_chance() -> None:
    random = Random(1)
    frames = {spoil(event().encode(), "", random)[0][:60] for _ in range(200)}
    assert len(frames) > len(FORMS)
