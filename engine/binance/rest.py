"""The one HTTP client: market data over REST, within the budget, from the first host that serves it, repeated where that helps.

Not here: what to ask and what to do with the answer. Weights are those of the documentation of the Spot REST API.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec
import tenacity

from engine.base.errors import Banned, ExchangeError, ExchangeUnreachable, RateLimited
from engine.base.types import DAY_MS, Kline
from engine.binance import errors, listings, messages, pauses
from engine.binance.errors import Remedy
from engine.binance.hosts import Hosts
from engine.binance.klines import asked_for
from engine.binance.limits import Budget, told_weights
from engine.binance.messages import ExchangeInfo, Ticker24h
from engine.binance.pauses import Pause
from engine.binance.streams import rest_urls
from engine.binance.transport import NEVER_SENT, Reply, Transport

log = logging.getLogger(__name__)

#: Most rows of one klines reply.
KLINES_MAX = 1_000
KLINES_WEIGHT = 2
EXCHANGE_INFO_WEIGHT = 20
#: Volumes of 24 hours: of all symbols, of up to so many that are named, and of a few.
TICKERS_WEIGHT = 80
NAMED_TICKERS_MAX, NAMED_TICKERS_WEIGHT = 100, 40
FEW_TICKERS_MAX, FEW_TICKERS_WEIGHT = 20, 2
#: Largest reply that is read, in bytes: of a single value, of a page of klines, and of all symbols. Each is several times
#: what the exchange sends.
SMALL_BYTES_MAX = 65_536
KLINES_BYTES_MAX = 2_097_152
SYMBOLS_BYTES_MAX = 67_108_864
#: Longest pause of the exchange's own asking that a caller waits through; beyond it the error is raised instead.
PATIENCE_S = 90.0
#: Longest pause between two attempts, in seconds.
RETRY_PAUSE_MAX_S = 10.0
#: After so many failures in a row the exchange counts as away, and an answer means that it is back.
AWAY_FAILURES = 3

#: Takes every reply as it came: (path and query, status, headers, body, monotonic seconds at sending and at receiving).
OnReply = Callable[[str, int, Mapping[str, str], bytes, float, float], None]


class Request(NamedTuple):
    """What is asked, what it weighs, and what its reply may be."""

    path: str
    query: Mapping[str, str]
    weight: int
    decoder: Callable[[bytes], Any]
    most_bytes: int = SMALL_BYTES_MAX
    #: Share of the budget that is left for requests more urgent than this one.
    keep_percent: int = 0


class RestClient:
    """Typed calls of the market-data endpoints below `urls`; use as an async context manager or call `close`.

    `urls` is one address or several, joined by commas, the preferred one first. `state_dir` is where the end of a ban is
    remembered. Every call raises ExchangeUnreachable, RateLimited, Banned, ExchangeRefused or BadReply after `retries` repeats.
    """

    def __init__(
        self,
        urls: str,
        *,
        timeout_s: float,
        retries: int,
        budget: Budget,
        connections: int = 8,
        state_dir: Path | None = None,
    ) -> None:
        self.hosts = Hosts(rest_urls(urls))
        self.budget = budget
        self.pause = Pause()
        self.requests = 0
        self.failures = 0
        #: Is handed every reply, whatever its status; must not raise.
        self.on_reply: OnReply | None = None
        #: Is called when the exchange answers again after several requests in a row had failed; must not raise.
        self.on_recovered: Callable[[], None] | None = None
        self._retries = retries
        self._transport = Transport(timeout_s, connections)
        self._flying = asyncio.Semaphore(connections)
        self._state_dir = state_dir
        self._failed_in_a_row = 0
        self._last_failure = ""
        self._recovered = asyncio.Event()
        self.offset_ms = 0.0
        self._recall()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    @property
    def url(self) -> str:
        """The host that is asked now."""
        return self.hosts.current(time.monotonic())

    @property
    def problem(self) -> str:
        """Why requests fail, one after another; empty while one out of a few is answered."""
        return self._last_failure if self._failed_in_a_row >= AWAY_FAILURES else ""

    @property
    def offset_ms(self) -> float:
        """How far the exchange's wall clock is ahead of ours, where both run at the same rate: it counts the minutes.

        A clock that is off by days is no wrong clock but a simulator's calendar, and that one counts by our time.
        """
        return self._offset_ms

    @offset_ms.setter
    def offset_ms(self, offset_ms: float) -> None:
        self._offset_ms = offset_ms if abs(offset_ms) < DAY_MS else 0.0
        # From here on monotonic time is followed, so that setting this machine's clock moves no window.
        self._anchor_ms = time.time() * 1e3 + self._offset_ms - time.monotonic() * 1e3

    # --- the endpoints ----------------------------------------------------------------------------------------------

    async def ping(self) -> None:
        """Ask whether the exchange is there."""
        await self._get(Request("/api/v3/ping", {}, 1, msgspec.json.decode))

    async def time(self) -> tuple[int, float, float]:
        """The exchange's clock in ms, with our monotonic seconds at sending and at receiving.

        Not repeated when there is but one host: who asks for the time will ask again soon.
        """
        request = Request("/api/v3/time", {}, 1, messages.decode_server_time)
        found, reply = await (self._repeated(request) if len(self.hosts.urls) > 1 else self._once(request, set()))
        return found.server_time, reply.sent_s, reply.received_s

    async def exchange_info(self) -> ExchangeInfo:
        """Symbols and limits; the budget learns its limits from it."""
        query = {"showPermissionSets": "false"}
        request = Request("/api/v3/exchangeInfo", query, EXCHANGE_INFO_WEIGHT, listings.exchange_info, SYMBOLS_BYTES_MAX)
        info: ExchangeInfo = await self._get(request)
        self.budget.learn(info.rate_limits, self.now_ms())
        return info

    async def ticker_24hr(self, symbols: Sequence[str] = ()) -> list[Ticker24h]:
        """24 h volumes of these symbols when they are few enough to be named, else of all."""
        query, weight = {"type": "MINI"}, TICKERS_WEIGHT
        if 0 < len(symbols) <= NAMED_TICKERS_MAX:
            query["symbols"] = msgspec.json.encode(list(symbols)).decode()
            weight = FEW_TICKERS_WEIGHT if len(symbols) <= FEW_TICKERS_MAX else NAMED_TICKERS_WEIGHT
        request = Request("/api/v3/ticker/24hr", query, weight, listings.tickers_24h, SYMBOLS_BYTES_MAX)
        tickers: list[Ticker24h] = await self._get(request)
        return tickers

    async def klines(
        self,
        symbol: str,
        interval: str,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = KLINES_MAX,
        keep_percent: int = 0,
    ) -> list[Kline]:
        """Up to `limit` bars, oldest first, that open at `start_ms` or later and at `end_ms` or earlier; the last may be open.

        `keep_percent` of the budget is left for requests that are more urgent than this.
        """
        limit = min(limit, KLINES_MAX)
        query = {"symbol": symbol, "interval": interval, "limit": str(limit)}
        if start_ms is not None:
            query["startTime"] = str(start_ms)
        if end_ms is not None:
            query["endTime"] = str(end_ms)

        def decode(body: bytes) -> list[Kline]:
            return asked_for(messages.decode_klines(body), start_ms, end_ms, limit)

        request = Request("/api/v3/klines", query, KLINES_WEIGHT, decode, KLINES_BYTES_MAX, keep_percent)
        rows: list[Kline] = await self._get(request)
        return rows

    # --- how a request is made --------------------------------------------------------------------------------------

    async def _get(self, request: Request) -> Any:
        return (await self._repeated(request))[0]

    async def _repeated(self, request: Request) -> tuple[Any, Reply]:
        useless: set[str] = set()
        attempts = tenacity.AsyncRetrying(
            sleep=self._sleep,
            stop=tenacity.stop_after_attempt(self._retries + 1),
            wait=tenacity.wait_random_exponential(multiplier=0.25, max=RETRY_PAUSE_MAX_S),
            retry=tenacity.retry_if_exception(lambda error: self._is_worth_repeating(error, useless)),
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                return await self._once(request, useless)
        raise AssertionError("tenacity ends with a result or an error")

    async def _sleep(self, seconds: float) -> None:
        """The pause before another attempt; it ends early when the exchange is back."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._recovered.wait()

    def _is_worth_repeating(self, error: BaseException, useless: set[str]) -> bool:
        """A short pause is waited for in the next attempt; a ban, or a long pause, is for the caller to know."""
        found = errors.remedy(error)
        if found is Remedy.PAUSE:
            return not self._is_too_long(self.pause.left_s(time.monotonic()))
        # The host that refused has been left; when no other is left to try, asking again brings the same refusal.
        return found is Remedy.LATER or (found is Remedy.NEXT_HOST and self.url not in useless)

    async def _once(self, request: Request, useless: set[str]) -> tuple[Any, Reply]:
        """One request, as soon as the budget allows it: what its reply says, and the reply."""
        while True:
            async with self._flying:
                self._refuse_during_pause()
                pause_s = self.pause.left_s(time.monotonic())
                wait_s = max(pause_s, self.budget.wait_s(request.weight, self.now_ms(), request.keep_percent))
                if not wait_s:
                    return await self._ask(self.url, request, useless)
            await asyncio.sleep(wait_s)

    def _refuse_during_pause(self) -> None:
        """Nothing is sent during a ban, and nobody is kept waiting for minutes without a word."""
        pause_s = self.pause.left_s(time.monotonic())
        if self._is_too_long(pause_s):
            banned = self.pause.banned(time.monotonic())
            kind, what = (Banned, "exchange banned this address") if banned else (RateLimited, "exchange asked for a pause")
            raise kind(what, self.url, f"nothing is sent for {pause_s:.0f} s", retry_after_s=pause_s)

    def _is_too_long(self, pause_s: float) -> bool:
        return pause_s > PATIENCE_S or (pause_s > 0 and self.pause.banned(time.monotonic()))

    async def _ask(self, host: str, request: Request, useless: set[str]) -> tuple[Any, Reply]:
        try:
            reply = await self._send(host, request)
            decoded = messages.decode_body(reply.body, request.decoder)
        except ExchangeError as error:
            error.add_note(f"{host}{request.path} {dict(request.query)}")
            if self._failed(host, error) is Remedy.NEXT_HOST:
                useless.add(host)
            raise
        self._worked(host)
        return decoded, reply

    async def _send(self, host: str, request: Request) -> Reply:
        ticket = self.budget.take(request.weight, self.now_ms())
        told: dict[int, int] | None = None
        self.requests += 1
        try:
            reply = await self._transport.get(host + request.path, request.query, request.most_bytes)
            told = told_weights(reply.headers)
        except ExchangeUnreachable as error:
            if isinstance(error.__cause__, NEVER_SENT):
                self.budget.never_sent(ticket)
            raise
        finally:
            self.budget.done(ticket, self.now_ms(), told)
        if self.on_reply is not None:
            self.on_reply(*reply)
        if reply.status != HTTPStatus.OK:
            retry_after = reply.headers.get("Retry-After", "")
            raise errors.from_reply(reply.status, reply.body, retry_after, host + request.path, self.now_ms())
        return reply

    def _failed(self, host: str, error: ExchangeError) -> Remedy:
        """Draw the consequences of an error for all requests that follow."""
        self.failures += 1
        found = errors.remedy(error)
        if isinstance(error, RateLimited):
            self._keep_silent(error)
        elif found is Remedy.GIVE_UP:
            # It answers, and in its own words: the request is at fault, not the host.
            self._worked(host)
        else:
            self._failed_in_a_row += 1
            self._last_failure = str(error)
            before = self.url
            # To a host that cannot even be connected to, nothing more needs to be asked.
            leave = found is Remedy.NEXT_HOST or isinstance(error.__cause__, NEVER_SENT)
            self.hosts.failed(host, time.monotonic(), leave=leave)
            if self.url != before:
                log.warning("%s is asked now instead of %s: %s", self.url, before, error)
        return found

    def _worked(self, host: str) -> None:
        self.hosts.worked(host)
        away, self._failed_in_a_row = self._failed_in_a_row, 0
        if away >= AWAY_FAILURES:
            # Whoever waits on the old event goes on; the next failure waits on a new one.
            self._recovered.set()
            self._recovered = asyncio.Event()
            if self.on_recovered is not None:
                self.on_recovered()

    def _keep_silent(self, error: RateLimited) -> None:
        banned = isinstance(error, Banned)
        self.pause.ask(error.retry_after_s, time.monotonic(), banned=banned)
        pauses.remember(self._state_dir, error.retry_after_s, time.time() * 1e3, banned=banned)
        log.warning("%s", error)

    def _recall(self) -> None:
        """What the process before us was told holds for us too."""
        left_s, banned = pauses.recall(self._state_dir, time.time() * 1e3)
        if left_s:
            self.pause.ask(left_s, time.monotonic(), banned=banned)
            log.warning("the exchange has asked for a pause before this start: nothing is sent for %.0f s", left_s)

    def now_ms(self) -> float:
        """The time by which the exchange counts, in ms since the epoch."""
        return time.monotonic() * 1e3 + self._anchor_ms
