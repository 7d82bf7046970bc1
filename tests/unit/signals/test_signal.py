"""What identifies a signal, and how it is written."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.signals.identity import signal_id
from engine.signals.signal import Signal, decode, encode

TRADER = "9f0e6a5c-8a57-4c67-9d0e-2f5b1c3d4e5f"
PARTS = {
    "user_id": "alice",
    "trader_id": TRADER,
    "trader": "bounce",
    "trader_version": 4,
    "symbol": "BTCUSDT",
    "interval": "5m",
    "bar_open_ms": 1_795_237_200_000,
    "price": 64_123.45,
    "detected_ms": 1_795_237_500_071,
    "exchange": "sim",
}


def test_the_id_never_changes_from_one_release_to_the_next() -> None:
    assert signal_id(TRADER, 4, "BTCUSDT", "5m", 1_795_237_200_000) == "5105dec5-6bbe-5d34-af6d-f1b7105f3001"


def test_the_same_signal_has_the_same_id_however_the_trader_is_spelled() -> None:
    assert signal_id(TRADER.upper(), 1, "A", "1m", 0) == signal_id(TRADER, 1, "A", "1m", 0)
    assert uuid.UUID(signal_id(TRADER, 1, "A", "1m", 0)).version == 5


@pytest.mark.parametrize(
    "other",
    [
        (str(uuid.UUID(int=7)), 1, "AB", "1m", 60_000),
        (TRADER, 2, "AB", "1m", 60_000),
        (TRADER, 1, "ABC", "1m", 60_000),
        (TRADER, 1, "AB", "15m", 60_000),
        (TRADER, 1, "AB", "1m", 120_000),
    ],
)
def test_each_part_makes_another_signal(other: tuple[str, int, str, str, int]) -> None:
    assert signal_id(*other) != signal_id(TRADER, 1, "AB", "1m", 60_000)


def test_a_signal_is_written_as_the_contract_says() -> None:
    signal = Signal.found(**PARTS, details='{"rsi": 28.5}', late=True)
    assert list(signal.to_json().items()) == [
        ("id", signal_id(TRADER, 4, "BTCUSDT", "5m", 1_795_237_200_000)),
        ("user_id", "alice"),
        ("trader_id", TRADER),
        ("trader", "bounce"),
        ("trader_version", 4),
        ("symbol", "BTCUSDT"),
        ("interval", "5m"),
        ("bar_open_time", "2026-11-21T05:00:00.000Z"),
        ("price", 64_123.45),
        ("details", {"rsi": 28.5}),
        ("late", True),
        ("exchange", "sim"),
        ("status", "new"),
        ("detected_at", "2026-11-21T05:05:00.071Z"),
    ]


def test_a_signal_without_details_has_an_empty_object() -> None:
    assert Signal.found(**PARTS).to_json()["details"] == {}


@given(price=st.floats(0, allow_infinity=False), text=st.text(max_size=20), late=st.booleans())
def test_a_signal_comes_back_from_its_bytes(price: float, text: str, late: bool) -> None:
    signal = Signal.found(**(PARTS | {"price": price, "details": text, "late": late}))
    assert decode(encode(signal)) == signal
