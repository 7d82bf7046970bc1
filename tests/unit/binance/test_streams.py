"""Names, frames and addresses keep the exchange's limits."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import SettingsError
from engine.binance.streams import (
    FRAME_BYTES_MAX,
    FRAME_NAMES_MAX,
    FRAME_PAUSE_S,
    STREAM_URLS,
    control_frames,
    kline_stream,
    rest_url,
    rest_urls,
    stream_url,
    stream_urls,
)


def test_stream_names_are_lower_case_but_for_the_interval() -> None:
    assert kline_stream("BTCUSDT", "5m") == "btcusdt@kline_5m"
    assert kline_stream("1000SATSUSDT", "1M") == "1000satsusdt@kline_1M"
    assert kline_stream("这是测试币456", "1h") == "这是测试币456@kline_1h"


@given(st.lists(st.text(min_size=1, max_size=60), max_size=400), st.integers(1, 2**40))
def test_frames_hold_all_names_in_order_within_the_limits(names: list[str], first_id: int) -> None:
    frames = control_frames("SUBSCRIBE", names, first_id)

    assert [name for frame in frames for name in frame.names] == names
    assert [frame.id for frame in frames] == list(range(first_id, first_id + len(frames)))
    for frame in frames:
        assert len(frame.payload) <= FRAME_BYTES_MAX
        assert 0 < len(frame.names) <= FRAME_NAMES_MAX
        told = msgspec.json.decode(frame.payload)
        assert told == {"method": "SUBSCRIBE", "params": list(frame.names), "id": frame.id}


def test_ordinary_names_need_few_frames() -> None:
    names = [kline_stream(f"SYMBOL{number}USDT", "15m") for number in range(400)]
    assert len(control_frames("SUBSCRIBE", names, 1)) == 3


def test_frames_and_a_pong_stay_below_five_messages_a_second() -> None:
    assert 1 / FRAME_PAUSE_S <= 4


@pytest.mark.parametrize("ending", ["", "/", "/ws", "/ws/", "/stream", "/stream/"])
@pytest.mark.parametrize("base", ["ws://127.0.0.1:9001", "wss://stream.binance.com:9443", "wss://proxy.example/binance"])
def test_a_stream_address_may_end_in_any_way(base: str, ending: str) -> None:
    assert stream_url(base + ending) == f"{base}/stream"


@pytest.mark.parametrize("ending", ["", "/", "/api", "/api/", "/api/v3", "/api/v3/"])
def test_a_rest_address_may_end_in_any_way(ending: str) -> None:
    assert rest_url(f"http://127.0.0.1:9001{ending}") == "http://127.0.0.1:9001"


def test_several_bases_keep_their_order() -> None:
    assert stream_urls("wss://a.example, ws://b.example:9443/ws ,") == ["wss://a.example/stream", "ws://b.example:9443/stream"]
    assert [url.removesuffix("/stream") for url in stream_urls(",".join(STREAM_URLS))] == list(STREAM_URLS)


@pytest.mark.parametrize(
    "bases", ["", " , ", "stream.example", "https://a.example", "ws://", "ws://a:port", "ws://[", "ws://a:0"]
)
def test_what_is_no_address_of_streams_is_refused(bases: str) -> None:
    with pytest.raises(SettingsError, match="BINANCE_WS_URL"):
        stream_urls(bases)


def test_several_rest_hosts_are_given_in_one_setting() -> None:
    assert rest_urls("https://a.example/api, http://b.example:8080/api/v3/ ,") == ["https://a.example", "http://b.example:8080"]


@pytest.mark.parametrize("bases", ["htp:/x", "http://a.example:99999", "a.example", " , ", "https://a.example,ws://b.example"])
def test_what_is_no_address_of_the_exchange_is_refused_with_what_was_found(bases: str) -> None:
    with pytest.raises(SettingsError, match="BINANCE_API_URL"):
        rest_urls(bases)
