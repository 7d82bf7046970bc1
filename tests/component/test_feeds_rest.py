"""The REST client against a server whose answers are scripted: what is repeated, what is not, and what weight does."""

from collections.abc import AsyncIterator

import pytest

from engine.base.errors import BadReply, Banned, ExchangeRefused, ExchangeUnreachable, RateLimited, SettingsError
from engine.binance.limits import Budget
from engine.binance.pauses import MARGIN_S
from engine.binance.rest import RestClient
from tests.component.fake_exchange import START_MS, SYMBOLS, FakeExchange, bar

JSON_ERROR = '{"code":-1121,"msg":"Invalid symbol."}'


@pytest.fixture
async def exchange() -> AsyncIterator[FakeExchange]:
    async with FakeExchange(speed=1.0) as made:
        yield made


@pytest.fixture
async def client(exchange: FakeExchange) -> AsyncIterator[RestClient]:
    async with RestClient(f"{exchange.rest_url}/api/", timeout_s=2.0, retries=2, budget=Budget(100)) as made:
        yield made


async def klines(client: RestClient) -> object:
    return await client.klines("BTCUSDT", "1m", start_ms=START_MS, limit=1)


async def test_bars_come_as_asked_for(exchange: FakeExchange, client: RestClient) -> None:
    start_ms = exchange.now_ms() // 60_000 * 60_000 - 5 * 60_000
    rows = await client.klines("BTCUSDT", "1m", start_ms=start_ms, end_ms=start_ms + 60_000, limit=5_000)
    assert rows == [bar("BTCUSDT", "1m", start_ms), bar("BTCUSDT", "1m", start_ms + 60_000)]
    query = exchange.asked[0][1]
    assert query["limit"] == "1000"


async def test_symbols_volumes_and_the_weight_limit_are_read(client: RestClient) -> None:
    info = await client.exchange_info()
    tickers = await client.ticker_24hr()
    await client.ping()
    assert [symbol.symbol for symbol in info.symbols] == list(SYMBOLS)
    assert tickers[0].quote_volume == 1e6
    assert client.budget.limit == 6_000


async def test_the_weight_that_replies_tell_is_taken_over(client: RestClient) -> None:
    for _ in range(3):
        await client.ping()
    assert client.budget.used >= 3


@pytest.mark.parametrize("status, body", [(500, ""), (502, "<html>"), (503, '{"code":-1008,"msg":"overloaded"}'), (200, "[[1]]")])
async def test_what_may_work_later_is_repeated(exchange: FakeExchange, client: RestClient, status: int, body: str) -> None:
    exchange.scripted["klines"] = [(status, {}, body)] * 2
    await klines(client)
    assert len(exchange.requests) == 3


@pytest.mark.parametrize(
    "status, body, kind",
    [
        (502, "<html>", ExchangeUnreachable),
        (200, "no json", BadReply),
    ],
)
async def test_after_all_repeats_the_last_error_is_raised(
    exchange: FakeExchange, client: RestClient, status: int, body: str, kind: type[Exception]
) -> None:
    exchange.scripted["klines"] = [(status, {}, body)] * 9
    with pytest.raises(kind):
        await klines(client)
    assert len(exchange.requests) == 3


@pytest.mark.parametrize(
    "status, body",
    [(400, JSON_ERROR), (403, "<html>blocked</html>"), (404, "Not Found"), (451, '{"code":0,"msg":"restricted"}'), (302, "")],
)
async def test_what_will_not_work_later_is_not_repeated(
    exchange: FakeExchange, client: RestClient, status: int, body: str
) -> None:
    exchange.scripted["klines"] = [(status, {}, body)] * 9
    with pytest.raises(ExchangeRefused) as caught:
        await klines(client)
    assert caught.value.status == status
    assert len(exchange.requests) == 1


@pytest.mark.parametrize("status, kind", [(418, Banned), (429, RateLimited)])
async def test_during_a_long_pause_nothing_is_sent(
    exchange: FakeExchange, client: RestClient, status: int, kind: type[RateLimited]
) -> None:
    exchange.scripted["klines"] = [(status, {"Retry-After": "300"}, '{"code":-1003,"msg":"Too much request weight used."}')]
    for _ in range(3):
        with pytest.raises(kind) as caught:
            await klines(client)
        assert 290 < caught.value.retry_after_s <= 300 + MARGIN_S
    assert len(exchange.requests) == 1


async def test_an_address_that_is_none_is_named() -> None:
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1:1:2"):
        RestClient("http://127.0.0.1:1:2", timeout_s=1.0, retries=0, budget=Budget())
