"""The REST interface: one path, one rule. A request is weighed, admitted or refused, answered, and signed with headers.

`Rest.answer` is the only way in and out, for replies and refusals alike; faults spoil answers there, see `spoiling`.
"""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec
import numpy as np
from aiohttp import web

from engine.base.errors import ExchangeRefused
from engine.base.types import INTERVAL_MS
from engine.sim import bars, catalog, digits, messages, parameters, refusals, spoiling
from engine.sim.grid import grid_of
from engine.sim.limits import Gate, Verdict
from engine.sim.market import Listing
from engine.sim.parameters import SymbolsQuestion
from engine.sim.rolling import Ticker
from engine.sim.world import World

JSON: Final = "application/json;charset=UTF-8"
NOT_FOUND_PAGE: Final = b"<html><body><h2>404 Not found</h2></body></html>"

Pairs = list[tuple[str, str]]
#: Replies that are known word for word, by path and parameters; None for others.
Told = Callable[[str, Pairs], bytes | None]


class Question(NamedTuple):
    """One request: its parameters, and in which unit its answer tells times (1: ms, 1000: µs)."""

    pairs: Pairs
    unit: int


class Rest:
    """Answers for one simulator."""

    def __init__(self, world: World, gate: Gate, told: Told | None = None) -> None:
        self._world = world
        self._market = world.market
        self._tape = world.tape
        self._rolling = world.rolling
        self._clock = world.clock
        self._gate = gate
        self._faults = world.faults
        self._audit = world.audit
        self._told = told
        self._routes: dict[str, tuple[Callable[[Pairs], int], Callable[[Question], bytes]]] = {
            "/api/v3/ping": (lambda _: 1, self._ping),
            "/api/v3/time": (lambda _: 1, self._time),
            "/api/v3/exchangeInfo": (lambda _: 20, self._exchange_info),
            "/api/v3/klines": (lambda _: 2, self._klines),
            "/api/v3/uiKlines": (lambda _: 2, self._klines),
            "/api/v3/ticker/24hr": (_weight_of_24h, self._ticker_24h),
            "/api/v3/ticker/price": (_weight_of_ticker, self._ticker_price),
            "/api/v3/ticker/bookTicker": (_weight_of_ticker, self._ticker_book),
        }

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Any request that is not a WebSocket."""
        pairs = list(request.query.items())
        weigh, reply = self._routes.get(request.path, (None, None)) if request.method == "GET" else (None, None)
        wall_s = time.time()
        verdict = self._gate.request(request.remote or "", weigh(pairs) if weigh else 1, wall_s)
        self._audit.request(verdict.used_weight, wall_s)
        response = self._respond(request, reply, pairs, verdict)
        self._audit.reply(response.status, wall_s, int(response.headers.get("Retry-After", 0)))
        return await spoiling.spoil(self._faults, request, response)

    def _respond(
        self, request: web.BaseRequest, reply: Callable[[Question], bytes] | None, pairs: Pairs, verdict: Verdict
    ) -> web.Response:
        headers = {"X-MBX-USED-WEIGHT": str(verdict.used_weight), "X-MBX-USED-WEIGHT-1M": str(verdict.used_weight)}
        if verdict.retry_after_s:
            headers["Retry-After"] = str(verdict.retry_after_s)
        try:
            self._admit(verdict)
            if (running := spoiling.strike(self._faults, "http", request)) is not None:
                return spoiling.refusal(running, headers, self._clock)
            if reply is None:
                return _not_found(request, headers)
            unit = _time_unit(request.headers.get("X-MBX-TIME-UNIT"))
            told = None if self._told is None else self._told(request.path, pairs)
            status, body = HTTPStatus.OK.value, reply(Question(pairs, unit)) if told is None else told
        except ExchangeRefused as refusal:
            status, body = refusal.status, msgspec.json.encode({"code": refusal.code, "msg": refusal.message})
        return web.Response(status=status, body=body, headers={"Content-Type": JSON, **headers})

    def _admit(self, verdict: Verdict) -> None:
        if verdict.kind == "banned":
            # The text tells the exchange's time; Retry-After, in real seconds, is what a client should go by.
            raise refusals.banned(self._clock.now_ms() + int(verdict.retry_after_s * 1e3 * self._clock.speed))
        if verdict.kind == "too_much_weight":
            raise refusals.too_much_weight(self._gate.limits.weight_per_minute)
        if verdict.kind == "too_many_requests":
            raise refusals.too_many_requests(self._gate.limits.requests_per_5_minutes)

    def _ping(self, question: Question) -> bytes:
        parameters.Query(question.pairs, ())
        return b"{}"

    def _time(self, question: Question) -> bytes:
        parameters.Query(question.pairs, ())
        return b'{"serverTime":%d}' % (self._world.shown_ms() * question.unit)

    def _klines(self, question: Question) -> bytes:
        asked = parameters.klines(question.pairs)
        market = self._tape.market
        listing = market.listings.get(asked.symbol)
        if listing is None:
            raise refusals.invalid_symbol()
        if INTERVAL_MS.get(asked.interval, market.shortest_ms) < market.shortest_ms:
            raise refusals.invalid_interval()
        grid = grid_of(asked.interval, first_day_ms=listing.first_ms, offset_ms=asked.offset_ms)
        now_ms = self._clock.now_ms()
        table = self._tape.history(asked.symbol, grid, now_ms, start_ms=asked.start_ms, end_ms=asked.end_ms, limit=asked.limit)
        opens = table[bars.OPEN_TIME].astype(np.int64)
        closes = grid.closes_of(opens)
        self._audit.klines(opens.size)
        return digits.rows_json(table, closes, microseconds=question.unit > 1)

    def _exchange_info(self, question: Question) -> bytes:
        asked, permissions, with_sets = parameters.exchange_info(question.pairs)
        listings = self._asked(asked)
        if permissions is not None and not set(permissions) & set(catalog.PERMISSIONS):
            listings = []
        entries = (catalog.symbol_entry(listing, self._status(listing), permission_sets=with_sets) for listing in listings)
        return catalog.document(entries, self._gate.limits, self._world.shown_ms() * question.unit)

    def _ticker_24h(self, question: Question) -> bytes:
        asked, short = parameters.ticker_24h(question.pairs)
        write = messages.short_ticker if short else messages.full_ticker
        return self._tickers(asked, lambda ticker: write(ticker, question.unit))

    def _ticker_price(self, question: Question) -> bytes:
        return self._tickers(parameters.ticker(question.pairs), messages.price_ticker)

    def _ticker_book(self, question: Question) -> bytes:
        return self._tickers(parameters.ticker(question.pairs), messages.book_ticker)

    def _tickers(self, asked: SymbolsQuestion, write: Callable[[Ticker], str]) -> bytes:
        now_ms = self._clock.now_ms()
        entries = [write(self._rolling.ticker(listing.symbol, now_ms)) for listing in self._asked(asked)]
        return (f"[{','.join(entries)}]" if asked.is_list else entries[0]).encode()

    def _asked(self, asked: SymbolsQuestion) -> list[Listing]:
        """The listings a question is about; a status narrows all, and must fit those that were named."""
        listings = self._tape.market.listings
        if asked.symbols is None:
            return [listing for listing in listings.values() if asked.status in (None, self._status(listing))]
        if any(symbol not in listings for symbol in asked.symbols):
            raise refusals.invalid_symbol()
        named = [listings[symbol] for symbol in asked.symbols]
        if asked.status is not None and any(self._status(listing) != asked.status for listing in named):
            raise refusals.status_mismatch()
        return named

    def _status(self, listing: Listing) -> str:
        return self._market.status(listing.symbol, self._clock.now_ms())


def _weight_of_24h(pairs: Pairs) -> int:
    names = dict(pairs)
    if "symbol" in names:
        return 2
    if "symbols" not in names:
        return 80
    count = names["symbols"].count(",") + 1
    return 2 if count <= 20 else 40 if count <= 100 else 80


def _weight_of_ticker(pairs: Pairs) -> int:
    return 2 if "symbol" in dict(pairs) else 4


def _time_unit(value: str | None) -> int:
    """How many of the unit a client wants make a millisecond."""
    if value is None or value.upper() == "MILLISECOND":
        return 1
    if value.upper() == "MICROSECOND":
        return 1_000
    raise refusals.invalid_time_unit()


def _not_found(request: web.BaseRequest, headers: dict[str, str]) -> web.Response:
    """Nobody lives here: a page for browsers, nothing for programs."""
    if "text/html" in request.headers.get("Accept", ""):
        return web.Response(status=404, body=NOT_FOUND_PAGE, headers={"Content-Type": "text/html", **headers})
    return web.Response(status=404, headers=headers)
