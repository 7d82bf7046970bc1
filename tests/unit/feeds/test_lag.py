"""How late messages are: quantiles of the last measurements, and the exchange's stamp in a frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.clock import ExchangeClock
from engine.feeds.intake import Intake
from engine.feeds.lag import KEPT, EventLags, Lags, Quantiles, event_ms_of

FRAME = (
    b'{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1700006400123,"s":"BTCUSDT","k":{"t":1700006400000,"o":"1","h":"1",'
    b'"l":"1","c":"1","v":"0","q":"0","n":0,"V":"0","Q":"0","x":false}}}'
)


def test_there_are_no_quantiles_before_the_first_measurement():
    assert Lags().quantiles() == Quantiles(None, None)


@given(st.lists(st.floats(-1e3, 1e6), min_size=1, max_size=300))
def test_quantiles_are_measurements_in_order_and_never_negative(values):
    lags = Lags()
    for value in values:
        lags.note(value)
    p50_ms, p99_ms = lags.quantiles()
    seen = [max(0.0, value) for value in values]
    assert {p50_ms, p99_ms} <= set(seen)
    assert p50_ms <= p99_ms
    assert sum(value <= p50_ms for value in seen) * 2 >= len(seen)


def test_only_the_last_measurements_count():
    lags = Lags()
    for value in [1e6] * KEPT + [5.0] * KEPT:
        lags.note(value)
    assert lags.quantiles() == Quantiles(5.0, 5.0)


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'{"result":null,"id":1}', b'{"data":{"E":"x"}}', b"\xff"])
def test_what_holds_no_event_has_no_stamp(payload):
    assert event_ms_of(payload) is None


def test_one_frame_is_shown_after_it_was_taken_and_the_next_only_when_asked_again():
    intake = Intake()
    seen: list[int | None] = []
    taken: list[int] = []
    intake.streams["btcusdt@kline_1m"] = lambda event: taken.append(event.event_ms)
    intake.show_next(lambda payload: seen.append(event_ms_of(payload) if taken else None))
    for _ in range(3):
        assert intake.take(FRAME) is None
    assert seen == [1_700_006_400_123]
    assert len(taken) == 3
    intake.show_next(lambda payload: seen.append(event_ms_of(payload)))
    intake.take(FRAME)
    assert len(seen) == 2
    assert intake.frames == 4


@pytest.mark.parametrize("rate", [1.0, 60.0])
def test_a_frame_is_measured_in_real_time_however_fast_the_exchange_lives(rate):
    clock = ExchangeClock()
    # An exchange whose clock stands, as far as a test can see, a quarter of a second of ours ahead of the stamp
    clock.set(1_700_006_400_123 + 250 * rate, clock.monotonic_s(), rate)
    lags = EventLags(clock)
    lags.note_frame(FRAME)
    lags.note_frame(b"nonsense")
    p50_ms, _ = lags.quantiles()
    assert 249 <= p50_ms < 5_000
