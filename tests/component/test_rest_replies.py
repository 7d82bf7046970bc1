"""Replies that nobody wants to see: understood, bounded in time and size; and another host is asked where that helps."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from engine.base.errors import BadReply, Banned, ExchangeRefused, ExchangeUnreachable, SettingsError
from engine.binance.limits import Budget
from engine.binance.rest import SMALL_BYTES_MAX, RestClient
from tests.component.fake_exchange import FakeExchange
from tests.component.raw_server import RawServer, reply

PAGE = b"<html><body>" + b"blocked " * 500 + b"</body></html>"
GOOD = reply("200 OK", b"{}", Connection="close")


def client(*urls: str, retries: int = 0, timeout_s: float = 5.0) -> RestClient:
    return RestClient(",".join(urls), timeout_s=timeout_s, retries=retries, budget=Budget(100))


async def stalls(writer: asyncio.StreamWriter) -> None:
    writer.write(reply("200 OK", b'{"a":', Content_Length="1000"))
    await asyncio.Event().wait()


def endless(head: bytes) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(b" " * 65_536)
            await writer.drain()

    return send


@pytest.mark.parametrize(
    "answer, kind, said",
    [
        (b"", ExchangeUnreachable, "does not answer"),
        (b"\x00\xffgarbage\r\n\r\n", ExchangeUnreachable, "does not answer"),
        (reply("200 OK", b'{"serverTime":17', Content_Length="999"), ExchangeUnreachable, "does not answer"),
        (reply("200 OK", b""), BadReply, "malformed"),
        (reply("200 OK", b'{"serverTime":17'), BadReply, "malformed"),
        (reply("200 OK", PAGE), BadReply, "malformed"),
        (reply("200 OK", b"\xff\xfe\x00"), BadReply, "malformed"),
        (reply("200 OK", b"[" * 50_000), BadReply, "malformed"),
        (reply("200 OK", b"nonsense", Content_Encoding="gzip"), ExchangeUnreachable, "does not answer"),
        (reply("302 Found", b"", Location="http://127.0.0.1:1/"), ExchangeRefused, "not served here"),
        (reply("403 Forbidden", PAGE), ExchangeRefused, "firewall"),
        (reply("451 Unavailable", b"{}"), ExchangeRefused, "location"),
        (reply("502 Bad Gateway", PAGE), ExchangeUnreachable, "its servers are in trouble"),
    ],
)
async def test_a_bad_reply_is_an_error_that_says_what_was_found_and_what_to_do(
    answer: bytes, kind: type[Exception], said: str
) -> None:
    async with RawServer(answer) as server, client(server.url) as rest:
        with pytest.raises(kind, match=said) as caught:
            await rest.ping()
        assert server.url in "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
        assert len(str(caught.value)) < 600
        assert len(server.asked) == 1


async def test_a_body_that_comes_to_a_halt_takes_no_longer_than_a_request_may() -> None:
    async with RawServer(stalls) as server, client(server.url, timeout_s=0.3) as rest:
        with pytest.raises(ExchangeUnreachable):
            await asyncio.wait_for(rest.ping(), 20)


@pytest.mark.parametrize("head", [reply("200 OK", Content_Length=str(1 << 40)), b"HTTP/1.1 200 OK\r\n\r\n"])
async def test_a_body_without_end_is_cut_off(head: bytes) -> None:
    async with RawServer(endless(head)) as server, client(server.url, timeout_s=60.0) as rest:
        with pytest.raises(BadReply, match=f"too large.*more than {SMALL_BYTES_MAX}"):
            await rest.ping()


@pytest.mark.parametrize(
    "script",
    [
        endless(b"HTTP/1.1 418 I'm a teapot\r\nRetry-After: 77\r\n\r\n"),
        reply("418 I'm a teapot", b'{"code', Content_Length="999", Retry_After="77"),
    ],
    ids=["endless", "truncated"],
)
async def test_a_ban_is_heard_whatever_becomes_of_its_body(
    script: bytes | Callable[[asyncio.StreamWriter], Awaitable[None]],
) -> None:
    async with RawServer(script) as server, client(server.url, retries=3) as rest:
        with pytest.raises(Banned) as caught:
            await rest.ping()
        assert caught.value.retry_after_s == 77.0
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        reply("403 Forbidden", PAGE),
        reply("451 Unavailable", b""),
        reply("301 Moved", b"", Location="/x"),
        reply("404 Not Found", PAGE),
    ],
    ids=["403", "451", "301", "404"],
)
async def test_a_host_that_will_not_serve_us_is_left_for_the_next_and_stays_left(answer: bytes) -> None:
    async with RawServer(answer) as first, RawServer(GOOD) as second, client(first.url, second.url, retries=2) as rest:
        await rest.ping()
        await rest.ping()
        assert (len(first.asked), len(second.asked)) == (1, 2)
        assert rest.url == second.url


async def test_a_host_that_cannot_be_reached_is_left_and_costs_no_weight() -> None:
    async with RawServer(GOOD) as server:
        async with client("http://127.0.0.1:9", server.url, retries=1) as rest:
            await rest.ping()
            assert rest.budget.used == 1
        async with client("http://127.0.0.1:9", server.url, retries=1) as rest:
            with pytest.raises(BadReply):
                await rest.time()
            assert server.asked[-1] == "/api/v3/time"


async def test_a_host_that_keeps_failing_is_left_after_some_failures() -> None:
    broken = reply("503 Unavailable", b"", Connection="close")
    async with RawServer(broken) as first, RawServer(GOOD) as second, client(first.url, second.url, retries=5) as rest:
        await rest.ping()
        assert (len(first.asked), len(second.asked)) == (3, 1)


async def test_when_every_host_refuses_the_refusal_is_raised_and_nobody_is_asked_twice() -> None:
    refusal = reply("403 Forbidden", PAGE, Connection="close")
    async with RawServer(refusal) as first, RawServer(refusal) as second, client(first.url, second.url, retries=9) as rest:
        with pytest.raises(ExchangeRefused, match="firewall"):
            await rest.ping()
        assert (len(first.asked), len(second.asked)) == (1, 1)


async def test_a_pause_holds_for_all_hosts() -> None:
    refusal = reply("429 Too Many Requests", b"", Retry_After="200", Connection="close")
    async with RawServer(refusal) as first, RawServer(GOOD) as second, client(first.url, second.url, retries=3) as rest:
        for _ in range(2):
            with pytest.raises(Exception, match="asked for a pause"):
                await rest.ping()
        assert (len(first.asked), len(second.asked)) == (1, 0)


async def test_an_exchange_that_fails_again_and_again_is_a_problem_until_it_answers() -> None:
    async with RawServer(*[reply("503 Unavailable", b"", Connection="close")] * 3, GOOD) as server, client(server.url) as rest:
        told = []
        for _ in range(3):
            with pytest.raises(ExchangeUnreachable):
                await rest.time()
            told.append(rest.problem)
        assert told[:2] == ["", ""]
        assert "HTTP 503" in told[2]
        await rest.ping()
        assert rest.problem == ""


async def test_whoever_pauses_after_failures_goes_on_as_soon_as_the_exchange_is_back() -> None:
    # Given one who waits long for the next attempt
    async with RawServer(*[reply("503 Unavailable", b"", Connection="close")] * 3, GOOD) as server:
        rest = client(server.url, retries=1)
        recovered = asyncio.Event()
        rest.on_recovered = recovered.set
        waiting = asyncio.create_task(rest._sleep(600.0))
        with pytest.raises(ExchangeUnreachable):
            await rest.ping()
        with pytest.raises(ExchangeUnreachable):
            await rest.time()

        # When
        await rest.ping()

        # Then
        await asyncio.wait_for(waiting, 20)
        assert recovered.is_set()
        await rest.close()


def test_a_list_of_addresses_that_holds_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="BINANCE_API_URL"):
        client(" , ")


async def test_the_volumes_of_few_symbols_are_asked_for_by_name() -> None:
    async with FakeExchange(speed=1.0) as exchange, client(exchange.rest_url) as rest:
        await rest.ticker_24hr(["BTCUSDT"])
        named = rest.budget.used
        await rest.ticker_24hr([f"S{number}USDT" for number in range(101)])
        assert named == 2
        assert rest.budget.used >= named + 80


async def test_a_page_that_answers_another_question_is_asked_for_again() -> None:
    row = [120_000, "2", "3", "1", "2", "1", 179_999, "1", 1, "1", "1", "0"]
    early = [60_000, *row[1:]]
    pages = [reply("200 OK", json.dumps(rows).encode(), Connection="close") for rows in ([early, row], [row, row], [row])]
    async with RawServer(*pages) as server, client(server.url, retries=2) as rest:
        rows = await rest.klines("BTCUSDT", "1m", start_ms=120_000, limit=5)
        assert [kline.open_time for kline in rows] == [120_000]
        assert len(server.asked) == 3
