"""An exchange of a few lines whose every word is scripted: what it answers, what it keeps to itself, when it hangs up.

Bars are a function of symbol and time, so that the truth of any moment is known. Time runs from a fixed instant, faster than
ours. For what an exchange does of its own accord there is the simulator; this is for what one never wants to see.
"""

import asyncio
import json
import time
from collections import defaultdict
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

from engine.base.types import INTERVAL_MS, Kline

#: Noon of a day, on the grid of all intervals up to 12h.
START_MS = 1_700_006_400_000 // 43_200_000 * 43_200_000
SYMBOLS = ("BTCUSDT", "ETHUSDT", "ADAUSDT", "这是测试币456USDT")


def bar(symbol: str, interval: str, open_ms: int) -> Kline:
    """The bar of that open time as it is when it is over."""
    index = open_ms // INTERVAL_MS[interval]
    price = 100.0 + len(symbol) + index % 97
    return Kline(open_ms, price, price + 3, price - 2, price + index % 3, 10.0 + index % 7, 1000.0, 5.0, 4.0, 400.0)


class FakeExchange:
    """Use as `async with`; the attributes may be changed while it runs."""

    def __init__(self, speed: float = 600.0) -> None:
        self.speed = speed
        self.rest_url = self.ws_url = ""
        #: Queries of klines requests, with the real moment at which they came.
        self.asked: list[tuple[float, dict[str, str]]] = []
        self.requests: list[tuple[float, str]] = []
        #: Control frames received, per connection in the order of connecting.
        self.control: list[list[dict[str, Any]]] = []
        #: (symbol, interval, open time) whose closed event is not sent, or that do not exist at all.
        self.swallowed: set[tuple[str, str, int]] = set()
        self.holes: set[tuple[str, str, int]] = set()
        #: Answers to the next requests of a path, before the ordinary ones: (status, headers, body).
        self.scripted: dict[str, list[tuple[int, dict[str, str], str]]] = defaultdict(list)
        self.page_delay_s = 0.0
        #: Text sent before each event, which nobody can read.
        self.noise = ""
        self.mute = False
        self.refuse_sockets = False
        self.ignore_control = False
        self.swallow_all = False
        #: Streams that are subscribed and say nothing, until they are subscribed again.
        self.forgotten: set[str] = set()
        #: Numbers that closed bars have instead of what `bar` says, by (symbol, interval, open time).
        self.corrected: dict[tuple[str, str, int], Kline] = {}
        #: Seconds between pings; a socket that does not answer one is closed.
        self.heartbeat_s: float | None = None
        self._sockets: dict[web.WebSocketResponse, set[str]] = {}
        self._began_s = time.monotonic()
        self._runner: web.AppRunner | None = None
        self._publishing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/stream", self._stream)
        app.router.add_get("/api/v3/{name:.*}", self._rest)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.rest_url, self.ws_url = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"
        self._publishing = asyncio.create_task(self._publish())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._publishing is not None
        assert self._runner is not None
        self._publishing.cancel()
        await asyncio.gather(self._publishing, return_exceptions=True)
        await self.cut()
        await self._runner.cleanup()

    def now_ms(self) -> int:
        """The exchange's clock."""
        return START_MS + int((time.monotonic() - self._began_s) * 1e3 * self.speed)

    def truth(self, symbol: str, interval: str, first_ms: int, last_ms: int) -> list[Kline]:
        """The bars that exist from one open time to another, both included."""
        times = range(first_ms, last_ms + 1, INTERVAL_MS[interval])
        keys = [(symbol, interval, time_ms) for time_ms in times if (symbol, interval, time_ms) not in self.holes]
        return [self.corrected.get(key) or bar(*key) for key in keys]

    async def cut(self, code: int = 1006) -> None:
        """Hang up on everybody; 1006 without a word."""
        for socket in list(self._sockets):
            if code == 1006 and socket._req is not None and socket._req.transport is not None:
                socket._req.transport.abort()
            else:
                await socket.close(code=code)
        self._sockets.clear()

    async def correct(self, symbol: str, interval: str, kline: Kline) -> None:
        """Change a closed bar, and tell everybody who listens."""
        self.corrected[symbol, interval, kline.open_time] = kline
        name = f"{symbol.lower()}@kline_{interval}"
        for socket in [socket for socket, names in self._sockets.items() if name in names]:
            await self._send(socket, name, kline, True, self.now_ms())

    async def say(self, text: str) -> None:
        """Send the same text to everybody."""
        for socket in list(self._sockets):
            await socket.send_str(text)

    @property
    def streams(self) -> list[set[str]]:
        """The streams of each socket that is open."""
        return list(self._sockets.values())

    # --- REST -------------------------------------------------------------------------------------------------------

    async def _rest(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.requests.append((time.monotonic(), name))
        if self.scripted[name]:
            status, headers, body = self.scripted[name].pop(0)
            return web.Response(status=status, headers=headers, text=body)
        if name == "klines":
            self.asked.append((time.monotonic(), dict(request.query)))
            answer = self._klines(request.query["symbol"], request.query["interval"], request.query)
            await asyncio.sleep(self.page_delay_s)
        elif name == "time":
            answer = {"serverTime": self.now_ms()}
        elif name == "exchangeInfo":
            answer = self._exchange_info()
        elif name == "ticker/24hr":
            answer = [{"symbol": name, "quoteVolume": f"{1e6 - rank:.8f}"} for rank, name in enumerate(SYMBOLS)]
        else:
            answer = {}
        return web.json_response(answer, headers={"X-MBX-USED-WEIGHT-1M": str(2 * len(self.requests))})

    def _exchange_info(self) -> dict[str, Any]:
        limits = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000}]
        symbols = [
            {"symbol": name, "status": "TRADING", "baseAsset": name[:-4], "quoteAsset": "USDT", "isSpotTradingAllowed": True}
            for name in SYMBOLS
        ]
        return {"timezone": "UTC", "serverTime": self.now_ms(), "rateLimits": limits, "symbols": symbols}

    def _klines(self, symbol: str, interval: str, query: Any) -> list[list[Any]]:
        length_ms = INTERVAL_MS[interval]
        start_ms = -(-int(query["startTime"]) // length_ms) * length_ms
        end_ms = min(int(query.get("endTime", 1 << 60)), self.now_ms())
        times = [time_ms for time_ms in range(start_ms, end_ms + 1, length_ms) if (symbol, interval, time_ms) not in self.holes]
        return [_row(self._bar_now(symbol, interval, time_ms), length_ms) for time_ms in times[: int(query["limit"])]]

    def _bar_now(self, symbol: str, interval: str, open_ms: int) -> Kline:
        """The bar as it looks now: one that is not over has other numbers."""
        whole = self.corrected.get((symbol, interval, open_ms)) or bar(symbol, interval, open_ms)
        if open_ms + INTERVAL_MS[interval] <= self.now_ms():
            return whole
        return whole._replace(close=whole.open - 1, volume=whole.volume / 2)

    # --- streams ----------------------------------------------------------------------------------------------------

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=503)
        socket = web.WebSocketResponse(heartbeat=self.heartbeat_s)
        await socket.prepare(request)
        names = self._sockets[socket] = set()
        received: list[dict[str, Any]] = []
        self.control.append(received)
        async for message in socket:
            if message.type is not WSMsgType.TEXT or self.ignore_control:
                continue
            frame = json.loads(message.data)
            received.append(frame)
            if frame["method"] == "SUBSCRIBE":
                names.update(frame["params"])
                self.forgotten.difference_update(frame["params"])
            elif frame["method"] == "UNSUBSCRIBE":
                names.difference_update(frame["params"])
            told = sorted(names) if frame["method"] == "LIST_SUBSCRIPTIONS" else None
            await socket.send_str(json.dumps({"result": told, "id": frame["id"]}))
        self._sockets.pop(socket, None)
        return socket

    async def _publish(self) -> None:
        """Send each close once, a little after it, and now and then how the open bar is."""
        told_ms = self.now_ms()
        while True:
            await asyncio.sleep(0.01)
            now_ms = self.now_ms()
            for socket, names in list(self._sockets.items()):
                for name in sorted(names):
                    if not self.mute and name not in self.forgotten:
                        await self._tell(socket, name, told_ms, now_ms)
            told_ms = now_ms

    async def _tell(self, socket: web.WebSocketResponse, name: str, told_ms: int, now_ms: int) -> None:
        symbol, _, interval = name.partition("@kline_")
        symbol, length_ms = symbol.upper(), INTERVAL_MS[interval]
        for close_ms in range(told_ms // length_ms * length_ms + length_ms, now_ms + 1, length_ms):
            key = (symbol, interval, close_ms - length_ms)
            if key not in self.holes and key not in self.swallowed and not self.swallow_all:
                await self._send(socket, name, bar(*key), True, close_ms)
        await self._send(socket, name, self._bar_now(symbol, interval, now_ms // length_ms * length_ms), False, now_ms)

    async def _send(self, socket: web.WebSocketResponse, name: str, kline: Kline, closed: bool, event_ms: int) -> None:
        if socket.closed:
            return
        fields = dict(zip("tohlcvqnVQ", kline, strict=True), x=closed, i=name.partition("_")[2])
        event = {
            "e": "kline",
            "E": event_ms,
            "k": {key: str(value) if isinstance(value, float) else value for key, value in fields.items()},
        }
        try:
            if self.noise:
                await socket.send_str(self.noise)
            await socket.send_str(json.dumps({"stream": name, "data": event}, ensure_ascii=False))
        except ConnectionError:
            self._sockets.pop(socket, None)


def _row(kline: Kline, length_ms: int) -> list[Any]:
    opened, *prices, volume, quote, trades, taker, taker_quote = kline
    texts = [f"{price:.8f}" for price in (*prices, volume)]
    return [opened, *texts, opened + length_ms - 1, f"{quote:.8f}", int(trades), f"{taker:.8f}", f"{taker_quote:.8f}", "0"]
