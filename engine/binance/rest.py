"""The one HTTP client: market data over REST, within the weight budget, repeated where that can help.

Not here: what to ask and what to do with the answer. Weights are those of the documentation of the Spot REST API.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp
import tenacity

from engine.base.errors import Banned, ExchangeUnreachable, RateLimited
from engine.base.types import Kline
from engine.binance import errors, messages
from engine.binance.limits import Budget
from engine.binance.messages import ExchangeInfo, Ticker24h
from engine.binance.streams import rest_url

log = logging.getLogger(__name__)

#: Most rows of one klines reply.
KLINES_MAX = 1_000
KLINES_WEIGHT = 2
EXCHANGE_INFO_WEIGHT = 20
TICKERS_WEIGHT = 80
#: Longest pause of the exchange's own asking that a caller waits through; beyond it the error is raised instead.
PATIENCE_S = 90.0
#: Longest pause between two attempts, in seconds.
RETRY_PAUSE_MAX_S = 10.0

#: Takes every reply as it came: (path and query, status, headers, body, monotonic seconds at sending and at receiving).
OnReply = Callable[[str, int, Mapping[str, str], bytes, float, float], None]


class RestClient:
    """Typed calls of the market-data endpoints below `base_url`; use as an async context manager or call `close`.

    Every call raises ExchangeUnreachable, RateLimited, Banned, ExchangeRefused or BadReply after `retries` repeats.
    """

    def __init__(self, base_url: str, *, timeout_s: float, retries: int, budget: Budget, connections: int = 8) -> None:
        self.url = rest_url(base_url)
        self.budget = budget
        #: How far the exchange's wall clock is ahead of ours, where both run at the same rate: it counts the minutes.
        self.offset_ms = 0.0
        self.requests = 0
        self.failures = 0
        #: Is handed every reply, whatever its status; must not raise.
        self.on_reply: OnReply | None = None
        self._retries = retries
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    # --- the endpoints ----------------------------------------------------------------------------------------------

    async def ping(self) -> None:
        """Ask whether the exchange is there."""
        await self._get("/api/v3/ping", {}, 1)

    async def time(self) -> tuple[int, float, float]:
        """The exchange's clock in ms, with our monotonic seconds at sending and at receiving. Not repeated inside."""
        await self._wait_for_weight(1)
        sent_s = time.monotonic()
        body = await self._once("/api/v3/time", {})
        received_s = time.monotonic()
        server_time: int = messages.decode_body(body, messages.decode_server_time).server_time
        return server_time, sent_s, received_s

    async def exchange_info(self) -> ExchangeInfo:
        """Symbols and limits; the budget learns its limit from it."""
        info: ExchangeInfo = await self._get("/api/v3/exchangeInfo", {}, EXCHANGE_INFO_WEIGHT, messages.decode_exchange_info)
        self.budget.learn(info.rate_limits)
        return info

    async def ticker_24hr(self) -> list[Ticker24h]:
        """24 h volumes of all symbols."""
        path = "/api/v3/ticker/24hr"
        tickers: list[Ticker24h] = await self._get(path, {"type": "MINI"}, TICKERS_WEIGHT, messages.decode_tickers_24h)
        return tickers

    async def klines(
        self, symbol: str, interval: str, *, start_ms: int | None = None, end_ms: int | None = None, limit: int = KLINES_MAX
    ) -> list[Kline]:
        """Up to `limit` bars, oldest first, that open at `start_ms` or later and at `end_ms` or earlier; the last may be open."""
        query = {"symbol": symbol, "interval": interval, "limit": str(min(limit, KLINES_MAX))}
        if start_ms is not None:
            query["startTime"] = str(start_ms)
        if end_ms is not None:
            query["endTime"] = str(end_ms)
        rows: list[Kline] = await self._get("/api/v3/klines", query, KLINES_WEIGHT, _klines)
        return rows

    # --- how a request is made --------------------------------------------------------------------------------------

    async def _get(self, path: str, query: dict[str, str], weight: int, decoder: Callable[[bytes], Any] | None = None) -> Any:
        attempts = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(self._retries + 1),
            wait=tenacity.wait_random_exponential(multiplier=0.25, max=RETRY_PAUSE_MAX_S),
            retry=tenacity.retry_if_exception(_is_worth_repeating),
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                await self._wait_for_weight(weight)
                body = await self._once(path, query)
                return messages.decode_body(body, decoder) if decoder is not None else None
        raise AssertionError("tenacity ends with a result or an error")

    async def _wait_for_weight(self, weight: int) -> None:
        while True:
            wait_s = self._take_weight(weight)
            if not wait_s:
                return
            await asyncio.sleep(wait_s)

    def _take_weight(self, weight: int) -> float:
        now_ms = self._now_ms()
        pause_s = self.budget.pause_s(now_ms)
        if pause_s > PATIENCE_S or (pause_s and self.budget.banned(now_ms)):
            kind = Banned if self.budget.banned(now_ms) else RateLimited
            raise kind("exchange asked for a pause", self.url, f"nothing is sent for {pause_s:.0f} s", retry_after_s=pause_s)
        return self.budget.acquire(weight, now_ms)

    async def _once(self, path: str, query: dict[str, str]) -> bytes:
        target = self.url + path
        sent_ms, sent_s = self._now_ms(), time.monotonic()
        self.requests += 1
        try:
            async with self._open().get(target, params=query) as response:
                body = await response.read()
                if self.on_reply is not None:
                    told = response.url.raw_path_qs, response.status, response.headers, body
                    self.on_reply(*told, sent_s, time.monotonic())
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            self.failures += 1
            reason = str(error) or type(error).__name__
            advice = "check the network and BINANCE_API_URL"
            raise ExchangeUnreachable("exchange does not answer", f"{target} ({reason})", advice) from error
        now_ms = self._now_ms()
        self._note_weight(response.headers.get("X-MBX-USED-WEIGHT-1M", ""), sent_ms, now_ms)
        if response.status != 200:
            self.failures += 1
            found = errors.from_reply(response.status, body, response.headers.get("Retry-After", ""), target, now_ms)
            if isinstance(found, RateLimited):
                self.budget.pause(found.retry_after_s, now_ms, banned=isinstance(found, Banned))
                log.warning("%s", found)
            raise found
        return body

    def _note_weight(self, header: str, sent_ms: float, now_ms: float) -> None:
        if header.isdigit():
            self.budget.seen(int(header), sent_ms, now_ms)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections + 2)
            headers = {"Accept": "application/json"}
            self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout, headers=headers)
        return self._session

    def _now_ms(self) -> float:
        return time.time() * 1e3 + self.offset_ms


def _is_worth_repeating(error: BaseException) -> bool:
    """A short pause is waited for in the next attempt; a ban, or a long pause, is for the caller to know."""
    if isinstance(error, Banned) or (isinstance(error, RateLimited) and error.retry_after_s > PATIENCE_S):
        return False
    return errors.is_retryable(error)


def _klines(body: bytes) -> list[Kline]:
    return messages.decode_klines(body)
