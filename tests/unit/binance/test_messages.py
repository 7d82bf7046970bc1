"""Frames and replies of the exchange become typed values, real captures included; nonsense becomes BadReply."""

import contextlib
import gzip
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import BadReply
from engine.base.types import Kline
from engine.binance import messages
from engine.binance.messages import Foreign, KlineFrame, MiniTickers, Reply, Shutdown
from tests.data import CAPTURES

KLINE = (
    b'{"stream":"xemusdt@kline_1m","data":{"e":"kline","E":1681154040004,"s":"XEMUSDT","k":{"t":1681153980000,"T":1681154039999,'
    b'"s":"XEMUSDT","i":"1m","f":35012468,"L":35012468,"o":"0.04110000","c":"0.04120000","h":"0.04130000","l":"0.04100000",'
    b'"v":"243.00000000","n":1,"x":true,"q":"9.98730000","V":"240.00000000","Q":"9.90000000","B":"0"}}}'
)


def frames_of(name: str) -> list[bytes]:
    """The messages of one capture, as received."""
    lines = (CAPTURES / name).read_bytes().splitlines()[1:]
    return [line.partition(b": ")[2] for line in lines if line]


def test_a_kline_frame_gives_stream_time_and_all_numbers() -> None:
    frame = messages.decode(KLINE)

    assert isinstance(frame, KlineFrame)
    assert (frame.stream, frame.data.event_ms, frame.data.kline.closed) == ("xemusdt@kline_1m", 1681154040004, True)
    numbers = msgspec.structs.astuple(frame.data.kline)[:10]
    assert Kline(*numbers) == Kline(1681153980000, 0.0411, 0.0413, 0.041, 0.0412, 243.0, 9.9873, 1.0, 240.0, 9.9)


@pytest.mark.parametrize("name", sorted(path.name for path in CAPTURES.glob("*.ws")))
def test_every_captured_message_is_understood(name: str) -> None:
    found = Counter(type(messages.decode(frame)) for frame in frames_of(name))

    assert found[KlineFrame] > 0
    assert set(found) <= {KlineFrame, Foreign, Reply}


@pytest.mark.parametrize("name", sorted(path.name for path in CAPTURES.glob("*.ws")))
def test_the_hot_decoder_agrees_with_the_careful_one_on_captures(name: str) -> None:
    for frame in frames_of(name):
        careful = messages.decode(frame)
        if isinstance(careful, KlineFrame):
            assert messages.decode_kline_frame(frame) == careful
        else:
            with pytest.raises(msgspec.DecodeError):
                messages.decode_kline_frame(frame)


def test_bars_without_a_trade_are_flat_and_complete_closed_or_not() -> None:
    klines = [frame.data.kline for frame in map(messages.decode, frames_of("tr-2023-04-10.ws")) if isinstance(frame, KlineFrame)]

    closed = [kline for kline in klines if kline.closed]
    empty = [kline for kline in klines if kline.trades == 0]

    assert len(closed) == 4
    assert (len(empty), sum(kline.closed for kline in empty)) == (6, 2)
    assert all(kline.volume == 0 and kline.open == kline.high == kline.low == kline.close > 0 for kline in empty)


@pytest.mark.parametrize(
    "payload, reply",
    [
        (b'{"result":null,"id":1}', Reply(1)),
        (b'{"result":["btcusdt@kline_1m"],"id":"a"}', Reply("a", result=["btcusdt@kline_1m"])),
        (b'{"code":2,"msg":"Invalid request","id":7}', Reply(7, 2, "Invalid request")),
        (b'{"error":{"code":4,"msg":"Too many subscriptions"},"id":19}', Reply(19, 4, "Too many subscriptions")),
        (b'{"code":3,"msg":"Invalid JSON: at line 1"}', Reply(None, 3, "Invalid JSON: at line 1")),
    ],
)
def test_control_replies_come_in_both_shapes(payload: bytes, reply: Reply) -> None:
    assert messages.decode(payload) == reply


@pytest.mark.parametrize(
    "payload",
    [
        b'{"e":"serverShutdown","E":1770123456789}',
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}',
    ],
)
def test_a_shutdown_is_recognised_raw_and_combined(payload: bytes) -> None:
    assert messages.decode(payload) == Shutdown(1770123456789)


def test_mini_tickers_come_alone_or_as_an_array() -> None:
    ticker = '{"e":"24hrMiniTicker","E":5,"s":"BTCUSDT","c":"1.5","o":"1","h":"2","l":"0.5","v":"10","q":"12"}'
    one = messages.decode(f'{{"stream":"btcusdt@miniTicker","data":{ticker}}}'.encode())
    many = messages.decode(f'{{"stream":"!miniTicker@arr","data":[{ticker},{ticker}]}}'.encode())

    assert isinstance(one, MiniTickers)
    assert isinstance(many, MiniTickers)
    assert (one.tickers[0].close, one.tickers[0].quote_volume, len(many.tickers)) == (1.5, 12.0, 2)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"stream":"a\xff"}',
        KLINE[:-5],
        KLINE.replace(b'"0.04130000"', b'"abc"'),
        KLINE.replace(b'"0.04130000"', b'"nan"'),
        KLINE.replace(b'"0.04130000"', b'"inf"'),
        KLINE.replace(b'"0.04130000"', b"null"),
        KLINE.replace(b'"x":true', b'"x":"perhaps"'),
        KLINE.replace(b'"t":1681153980000,', b""),
        b'{"stream":"btcusdt@kline_1m"}',
        b'{"stream":"!miniTicker@arr","data":[{"e":"24hrMiniTicker"}]}',
        b"[" * 100_000,
    ],
    ids=repr,
)
def test_what_is_not_well_formed_is_a_bad_reply(payload: bytes) -> None:
    with pytest.raises(BadReply):
        messages.decode(payload)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_bad_reply(payload: bytes) -> None:
    with contextlib.suppress(BadReply):
        messages.decode(payload)


@given(st.floats(min_value=1e-8, max_value=1e12))
def test_prices_as_text_become_the_nearest_float(price: float) -> None:
    text = f"{price:.8f}"
    frame = messages.decode_kline_frame(KLINE.replace(b"0.04120000", text.encode()))
    assert frame.data.kline.close == float(text)


def row(**changes: object) -> list[object]:
    """One row of a klines reply, with some items replaced by name."""
    names = (
        "open_time",
        "open",
        "high",
        "low",
        "close",
        "volume",
        "close_time",
        "quote",
        "trades",
        "taker",
        "taker_quote",
        "unused",
    )
    values = (60_000, "1.0", "2.0", "0.5", "1.5", "10", 119_999, "15", 3, "4", "6", "0")
    return list({**dict(zip(names, values, strict=True)), **changes}.values())


def test_kline_rows_become_bars() -> None:
    assert messages.decode_klines(msgspec.json.encode([row()])) == [Kline(60_000, 1.0, 2.0, 0.5, 1.5, 10.0, 15.0, 3.0, 4.0, 6.0)]
    assert messages.decode_klines(b"[]") == []


@pytest.mark.parametrize(
    "rows",
    [
        [row(open="nan")],
        [row(quote="inf")],
        [row()[:11]],
        [row(high=None)],
        [row(open_time="soon")],
        {"code": -1121, "msg": "Invalid symbol."},
        "rows",
    ],
    ids=repr,
)
def test_malformed_kline_rows_are_a_bad_reply(rows: object) -> None:
    with pytest.raises(BadReply):
        messages.decode_klines(msgspec.json.encode(rows))


def test_a_number_too_large_for_any_sum_is_a_bad_reply() -> None:
    body = b'[[%b,"1","1","1","1","1",1,"1",1,"1","1","0"]]' % (b"9" * 400)
    with pytest.raises(BadReply):
        messages.decode_klines(body)


@pytest.mark.parametrize("told", [b"-1", b"1000000000000000", b"9" * 400, b"true", b'"soon"'])
def test_a_time_of_the_exchange_that_no_calendar_can_write_is_a_bad_reply(told: bytes) -> None:
    with pytest.raises(BadReply):
        messages.decode_body(b'{"serverTime": %b}' % told, messages.decode_server_time)


def test_a_whole_recorded_exchange_information_is_read() -> None:
    text = gzip.decompress(Path(CAPTURES / "exchange-info-2021-10-12.json.gz").read_bytes())
    info = messages.decode_exchange_info(text.splitlines()[0].partition(b": ")[2])

    assert len(info.symbols) == 1695
    assert info.server_time == 1633998511098
    weights = [limit.limit for limit in info.rate_limits if limit.rate_limit_type == "REQUEST_WEIGHT"]
    assert weights == [1200]
    assert len({symbol.symbol for symbol in info.symbols}) == 1695
