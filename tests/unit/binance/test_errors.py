"""What refusals of the exchange mean, and which are worth another try."""

import pytest

from engine.base.errors import BadReply, Banned, ExchangeError, ExchangeRefused, ExchangeUnreachable, RateLimited
from engine.binance.errors import PAUSE_MAX_S, from_reply, is_retryable

URL = "https://api.example/api/v3/klines"
NOW_MS = 1_785_050_000_000.0
HTML = b"<html><body><h1>403 ERROR</h1>\n Request blocked. </body></html>"
TOO_MUCH = b'{"code":-1003,"msg":"Too much request weight used; current limit is 6000 request weight per 1 MINUTE."}'
BANNED = b'{"code":-1003,"msg":"Way too much request weight used; IP banned until 1785050129644. Please use WebSocket Streams."}'


def refused(status: int, body: bytes, retry_after: str = "") -> ExchangeError:
    return from_reply(status, body, retry_after, URL, NOW_MS)


@pytest.mark.parametrize(
    "status, body, kind, retryable",
    [
        (429, TOO_MUCH, RateLimited, True),
        (418, BANNED, Banned, True),
        (403, HTML, ExchangeRefused, False),
        (451, b'{"code":0,"msg":"Service unavailable from a restricted location"}', ExchangeRefused, False),
        (400, b'{"code":-1121,"msg":"Invalid symbol."}', ExchangeRefused, False),
        (400, b'{"code":-1001,"msg":"Internal error; unable to process your request."}', ExchangeRefused, True),
        (400, b'{"code":-1006,"msg":"An unexpected response was received."}', ExchangeRefused, True),
        (408, b'{"code":-1007,"msg":"Timeout waiting for response from backend server."}', ExchangeRefused, True),
        (503, b'{"code":-1008,"msg":"Server is currently overloaded."}', ExchangeRefused, True),
        (502, HTML, ExchangeUnreachable, True),
        (500, b"", ExchangeUnreachable, True),
        (404, b"Not Found", BadReply, True),
    ],
)
def test_status_and_body_decide_what_it_is(status: int, body: bytes, kind: type[ExchangeError], retryable: bool) -> None:
    error = refused(status, body)
    assert type(error) is kind
    assert is_retryable(error) is retryable


def test_a_refusal_carries_the_code_and_the_words_of_the_exchange() -> None:
    error = refused(400, b'{"code":-1121,"msg":"Invalid symbol."}')
    assert isinstance(error, ExchangeRefused)
    assert (error.code, error.message, error.status) == (-1121, "Invalid symbol.", 400)
    assert "-1121 Invalid symbol." in str(error)


@pytest.mark.parametrize(
    "status, body, header, pause_s",
    [
        (429, TOO_MUCH, "17", 17.0),
        (418, BANNED, "", 129.644),
        (418, b"", "", 120.0),
        (429, b"", "soon", 30.0),
        (418, BANNED, "999999999", PAUSE_MAX_S),
    ],
)
def test_the_pause_is_taken_from_the_header_then_from_the_text(status: int, body: bytes, header: str, pause_s: float) -> None:
    error = refused(status, body, header)
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == pytest.approx(pause_s)


def test_a_page_of_html_is_shown_as_one_short_line() -> None:
    text = str(refused(502, HTML * 100))
    assert URL in text
    assert "\n" not in text
    assert len(text) < 500


def test_errors_of_other_kinds_are_not_retried() -> None:
    assert not is_retryable(ValueError())
