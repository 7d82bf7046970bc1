"""Options of the program and the market and clock they describe; time that is held, runs, and ends."""

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.base.errors import SettingsError
from engine.sim.clock import SimulatedClock
from engine.sim.run import Options, compose, parse_instant
from tests.data import SPOT_5M


def test_the_default_is_a_synthetic_market_from_now_on() -> None:
    market, clock = compose(Options())
    assert len(market.listings) == 100
    assert not clock.held
    assert clock.until_ms is None
    assert abs(clock.now_ms() - datetime.now(UTC).timestamp() * 1e3) < 60_000


def test_recorded_candles_wait_and_end() -> None:
    market, clock = compose(Options(data=str(SPOT_5M), speed=60.0))
    assert clock.held
    assert clock.until_ms == market.end_ms
    assert not compose(Options(data=str(SPOT_5M), hold=False))[1].held
    assert compose(Options(data=str(SPOT_5M), until="2024-03-01"))[1].until_ms == parse_instant("until", "2024-03-01T00:00:00Z")


def test_instants() -> None:
    expected = 1_709_251_200_000
    assert [parse_instant("x", text) for text in ("2024-03-01", "2024-03-01T00:00Z", "2024-03-01T01:00+01:00")] == [expected] * 3
    with pytest.raises(SettingsError, match="start is not an instant: 'soon': write it as"):
        parse_instant("start", "soon")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(start="2030-01-01", until="2029-01-01"), "time ends before it begins"),
        (Options(start="2001-01-01"), "no symbol trades at the start"),
        (Options(data=str(SPOT_5M), start="2025-01-01"), "time ends before it begins"),
        (Options(data=str(SPOT_5M), start="2020-01-01"), "no symbol trades at the start"),
        (Options(data=str(SPOT_5M), symbols=5), "leave out --symbols or --data"),
        (Options(data=str(Path("/nowhere/x.parquet"))), "cannot be read"),
    ],
)
def test_options_that_make_no_sense(options: Options, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        compose(options)


def test_a_held_clock_stands_until_it_is_released() -> None:
    clock = SimulatedClock(1_000, speed=1e6, held=True)
    assert clock.now_ms() == 1_000
    assert clock.real_s_until(2_000) == math.inf
    clock.release()
    assert not clock.held
    assert 0 <= clock.real_s_until(1_000_000_000) <= 1_000
    anchor = clock.real_s_until(10**12)
    clock.release()
    assert clock.real_s_until(10**12) <= anchor


def test_a_clock_stops_at_its_end() -> None:
    clock = SimulatedClock(0, speed=1e9, until_ms=5)
    while not clock.ended:
        pass
    assert clock.now_ms() == 5
    assert clock.real_s_until(6) == math.inf
    assert clock.real_s_until(5) == 0.0
