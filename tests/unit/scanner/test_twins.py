"""With machine code or without: the same bytes in shared memory, the same counts, the same answers, whatever is sent."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.base.types import MINUTE_MS
from engine.binance.messages import KlineFrame, decode_kline_frame
from tests.data import CAPTURES
from tests.frames import START_MS, World, frame, twins

FORMING = frame(START_MS, START_MS + 2_000)
OTHERS = (
    b"",
    b"{}",
    b"null",
    b'{"result":null,"id":1}',
    b'{"id":1,"error":{"code":2,"msg":"no"}}',
    b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}',
    b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1}}',
)


def send(worlds: tuple[World, World], payload: bytes) -> None:
    """Both take it and are alike afterwards."""
    plain, compiled = worlds
    assert compiled.intake.take(payload) == plain.intake.take(payload)
    assert compiled.facts == plain.facts, payload


plain_decimal = st.from_regex(r"(0|[1-9][0-9]{0,10})\.[0-9]{8}", fullmatch=True)
odd_decimal = st.one_of(
    st.from_regex(r"[0-9]{1,22}\.[0-9]{1,22}", fullmatch=True),
    st.from_regex(r"-?[0-9]{0,4}(\.[0-9]{0,4})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(["", ".", "0", "1.", ".5", "00.5", "1..0", "NaN", "Infinity", "1e400", "+1.0", "0.00000000", " 1.0", "1.0 "]),
)


@given(plain_decimal, plain_decimal, plain_decimal)
@settings(max_examples=400, deadline=None)
def test_amounts_as_the_exchange_writes_them_are_taken_and_right_to_the_last_bit(price: str, volume: str, quote: str) -> None:
    # Given a bar whose numbers are any that have eight decimals and up to nineteen digits
    assume(float(price) > 0)
    payload = frame(START_MS, START_MS + 1, o=price, c=price, h=price, l=price, v=volume, q=quote, V=volume, Q=quote)
    with twins() as worlds:
        # When
        send(worlds, payload)
        # Then
        assert worlds[1].intake.quick == 1
        bar = worlds[1].writer.forming(0, 0)
        assert bar is not None
        assert (bar.open, bar.volume, bar.quote_volume) == (float(price), float(volume), float(quote))


@pytest.mark.parametrize(
    "text",
    [
        "90071992.54740992", "90071992.54740993", "90071992.54740994", "99999999999.99999999", "68719476735.99999999",
        "68719476736.00000000", "68719476736.00000001", "10000000000.00000095", "137438953472.5", "0.00000001",
        "4503599627370496.5", "9007199254740992.0", "9007199254740993.0", "0.1", "0.3", "123456789.123456789",
        "1.0000000000000002",
    ],
)  # fmt: skip
def test_numbers_at_the_borders_of_exactness_are_rounded_as_python_does(text: str) -> None:
    with twins() as worlds:
        send(worlds, frame(START_MS, START_MS + 1, v=text, V=text))

        bar = worlds[1].writer.forming(0, 0)
        assert bar is not None
        assert bar.volume == float(text)


@given(st.integers(2**53, 10**19 - 1))
@settings(max_examples=400, deadline=None)
def test_long_amounts_are_rounded_correctly(digits: int) -> None:
    text = f"{digits // 10**8}.{digits % 10**8:08}"
    with twins() as worlds:
        send(worlds, frame(START_MS, START_MS + 1, q=text))

        assert worlds[1].intake.quick == 1
        bar = worlds[1].writer.forming(0, 0)
        assert bar is not None
        assert bar.quote_volume == float(text)


@given(st.dictionaries(st.sampled_from("ochlvqVQ"), odd_decimal, min_size=1), st.sampled_from(["0", "1.5", "-1", "1e3", ""]))
@settings(max_examples=400, deadline=None)
def test_numbers_of_any_other_form_get_the_same_verdict(texts: dict[str, str], trades: str) -> None:
    with twins() as worlds:
        send(worlds, frame(START_MS, START_MS + 1, n=trades, **texts))
        send(worlds, FORMING)


@given(st.lists(st.tuples(st.integers(-2, 3), st.integers(-70_000, 200_000), st.booleans(), st.integers(0, 2)), max_size=25))
@settings(max_examples=200, deadline=None)
def test_any_order_of_forming_and_closed_bars_ends_alike(steps: list[tuple[int, int, bool, int]]) -> None:
    # Given two series that are live and one that has no history
    with twins(symbols=("BTCUSDT", "ETHUSDT")) as worlds:
        for world in worlds:
            world.series.append(world.open("NEWUSDT"))
        # When bars come that are expected, ahead, behind, closed or not, with times that fit or do not
        for bars, offset_ms, closed, which in steps:
            open_ms = START_MS + bars * MINUTE_MS
            symbol = ("BTCUSDT", "ETHUSDT", "NEWUSDT")[which]
            send(worlds, frame(open_ms, open_ms + offset_ms, symbol, closed=closed))


@given(
    st.lists(
        st.tuples(st.integers(0, len(FORMING)), st.sampled_from(["flip", "cut", "put", "drop", "twice"]), st.integers(0, 255)),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=1500, deadline=None)
def test_damaged_frames_get_the_same_verdict(edits: list[tuple[int, str, int]]) -> None:
    payload = bytearray(FORMING)
    for place, kind, byte in edits:
        place = min(place, len(payload))
        if kind == "flip" and place < len(payload):
            payload[place] ^= byte
        elif kind == "cut":
            del payload[place:]
        elif kind == "put":
            payload[place:place] = bytes([byte])
        elif kind == "drop":
            del payload[place : place + byte % 16]
        else:
            payload[place:place] = payload[place : place + byte % 32]
    with twins() as worlds:
        send(worlds, bytes(payload))
        send(worlds, FORMING)


def test_a_frame_cut_anywhere_is_declined() -> None:
    with twins() as worlds:
        for size in range(len(FORMING)):
            send(worlds, FORMING[:size])
        assert worlds[1].intake.quick == 0


def test_a_time_beyond_all_reckoning_is_declined_before_there_is_a_horizon() -> None:
    with twins() as worlds:
        for event_ms in (2**63 - 1, 2**63, 2**64 - 1):
            send(worlds, frame(START_MS, event_ms))
            send(worlds, frame(START_MS, event_ms, closed=True))
        assert [world.tally.invalid for world in worlds] == [6, 6]


@pytest.mark.parametrize("payload", OTHERS)
def test_what_is_no_bar_is_answered_alike(payload: bytes) -> None:
    with twins() as worlds:
        send(worlds, payload)


@pytest.mark.parametrize("name", sorted(path.name for path in CAPTURES.glob("*.ws")))
def test_real_frames_are_taken_when_they_are_forming_bars_and_nothing_else(name: str) -> None:
    taken = forming = 0
    for line in (CAPTURES / name).read_bytes().splitlines()[1:]:
        payload = line.partition(b": ")[2]
        try:
            event: KlineFrame = decode_kline_frame(payload)
        except ValueError:
            continue
        symbol, _, interval = event.stream.partition("@kline_")
        if interval != "1m":
            continue
        with twins(symbols=(symbol.upper(),), next_ms=event.data.kline.open_time) as worlds:
            send(worlds, payload)
            taken += worlds[1].intake.quick
            forming += not event.data.kline.closed
    assert taken == forming > 0
