"""What refusals of the exchange mean, and which are worth another try."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import BadReply, Banned, ExchangeError, ExchangeRefused, ExchangeUnreachable, RateLimited
from engine.binance.errors import PAUSE_MAX_S, Remedy, from_reply, remedy

URL = "https://api.example/api/v3/klines"
NOW_MS = 1_785_050_000_000.0
HTML = b"<html><body><h1>403 ERROR</h1>\n Request blocked. </body></html>"
TOO_MUCH = b'{"code":-1003,"msg":"Too much request weight used; current limit is 6000 request weight per 1 MINUTE."}'
BANNED = b'{"code":-1003,"msg":"Way too much request weight used; IP banned until 1785050129644. Please use WebSocket Streams."}'


def refused(status: int, body: bytes, retry_after: str = "") -> ExchangeError:
    return from_reply(status, body, retry_after, URL, NOW_MS)


@pytest.mark.parametrize(
    "status, body, kind, helps",
    [
        (429, TOO_MUCH, RateLimited, Remedy.PAUSE),
        (429, b"<html>", RateLimited, Remedy.PAUSE),
        (400, TOO_MUCH, RateLimited, Remedy.PAUSE),
        (418, BANNED, Banned, Remedy.PAUSE),
        (418, b"", Banned, Remedy.PAUSE),
        (403, HTML, ExchangeRefused, Remedy.NEXT_HOST),
        (451, b'{"code":0,"msg":"Service unavailable from a restricted location"}', ExchangeRefused, Remedy.NEXT_HOST),
        (451, b"", ExchangeRefused, Remedy.NEXT_HOST),
        (302, b"", ExchangeRefused, Remedy.NEXT_HOST),
        (301, HTML, ExchangeRefused, Remedy.NEXT_HOST),
        (404, b"Not Found", ExchangeRefused, Remedy.NEXT_HOST),
        (503, b'{"code":-1016,"msg":"This service is no longer available."}', ExchangeRefused, Remedy.LATER),
        (400, b'{"code":-1016,"msg":"This service is no longer available."}', ExchangeRefused, Remedy.NEXT_HOST),
        (400, b'{"code":-1121,"msg":"Invalid symbol."}', ExchangeRefused, Remedy.GIVE_UP),
        (400, b'{"code":-1000,"msg":"An unknown error occurred while processing the request."}', ExchangeRefused, Remedy.LATER),
        (400, b'{"code":-1001,"msg":"Internal error; unable to process your request."}', ExchangeRefused, Remedy.LATER),
        (400, b'{"code":-1006,"msg":"An unexpected response was received."}', ExchangeRefused, Remedy.LATER),
        (408, b'{"code":-1007,"msg":"Timeout waiting for response from backend server."}', ExchangeRefused, Remedy.LATER),
        (503, b'{"code":-1008,"msg":"Server is currently overloaded."}', ExchangeRefused, Remedy.LATER),
        (500, b'{"code":-1121,"msg":"Invalid symbol."}', ExchangeRefused, Remedy.LATER),
        (502, HTML, ExchangeUnreachable, Remedy.LATER),
        (500, b"", ExchangeUnreachable, Remedy.LATER),
        (400, b"", BadReply, Remedy.LATER),
        (204, b"", BadReply, Remedy.LATER),
        (400, b'{"code":"x"}', BadReply, Remedy.LATER),
        (400, b"[" * 100_000, BadReply, Remedy.LATER),
        (400, b"\xff\xfe{}", BadReply, Remedy.LATER),
    ],
)
def test_status_and_body_decide_what_it_is_and_what_helps(
    status: int, body: bytes, kind: type[ExchangeError], helps: Remedy
) -> None:
    error = refused(status, body)
    assert type(error) is kind
    assert remedy(error) is helps
    assert URL in "\n".join([str(error), *getattr(error, "__notes__", [])])


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
        (429, b"", " 2.5 ", 2.5),
        (429, b"", "0", 1.0),
        (429, b"", "-5", 30.0),
        (429, b"", "1e9", 30.0),
        (429, b"", "\u0661\u0662", 30.0),
        (429, b"", "9" * 400, 30.0),
        (429, b"", "Sun, 26 Jul 2026 07:14:00 GMT", 40.0),
        (429, b"", "Sun, 26 Jul 2020 07:14:00 GMT", 1.0),
        (418, b"", "Sun, 26 Jul 2226 07:14:00 GMT", PAUSE_MAX_S),
        (418, BANNED, "Sun, 99 Jul 2026", 129.644),
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


def test_of_a_page_of_html_the_words_are_shown_and_no_code_is_made_up() -> None:
    text = str(refused(403, HTML))
    assert f"refused a request: {URL}: HTTP 403 403 ERROR Request blocked." in text


@pytest.mark.parametrize("status", [400, 403, 418, 429, 500])
def test_the_words_of_the_exchange_are_one_short_line_that_no_terminal_obeys(status: int) -> None:
    body = b'{"code": -1000, "msg": "%b"}' % (b"a\\n\\u001b[2Jb\\u2028c " * 5_000)
    text = str(refused(status, body))
    assert text.isprintable()
    assert "a [2Jb c a" in text
    assert len(text) < 500


def test_nothing_helps_against_errors_of_other_kinds() -> None:
    assert remedy(ValueError()) is Remedy.GIVE_UP


@given(st.integers(100, 599), st.binary(max_size=200), st.text(max_size=40))
def test_no_reply_whatever_is_in_it_is_too_strange(status: int, body: bytes, header: str) -> None:
    error = from_reply(status, body, header, URL, NOW_MS)
    assert isinstance(remedy(error), Remedy)
    if isinstance(error, RateLimited):
        assert 1.0 <= error.retry_after_s <= PAUSE_MAX_S
