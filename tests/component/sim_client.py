"""A plain client of the simulator and of its control endpoint, to see faults as any client would."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import ClientWebSocketResponse, WSMessage, WSMsgType

from engine.base.types import HOUR_MS
from engine.sim.clock import SimulatedClock
from engine.sim.limits import Limits
from engine.sim.market import Market
from engine.sim.server import Simulator
from engine.sim.synthetic import SyntheticMarket

START_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS
MARKET = SyntheticMarket(seed=5, symbols=20)
ENDS = (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR)


class Client:
    """Talks to one simulator."""

    def __init__(self, session: aiohttp.ClientSession, sim: Simulator) -> None:
        self.session = session
        self.sim = sim

    async def connect(self, path: str = "/ws", **options: Any) -> ClientWebSocketResponse:
        return await self.session.ws_connect(self.sim.ws_url + path, **options)

    async def ask(self, path: str, **query: object) -> tuple[int, str, dict[str, str]]:
        """Status, body and headers of a REST reply."""
        parameters = {name: str(value) for name, value in query.items()}
        async with self.session.get(f"{self.sim.rest_url}/api/v3/{path}", params=parameters) as reply:
            return reply.status, await reply.text(), dict(reply.headers)

    async def klines(self, symbol: str, interval: str, **query: object) -> list[list[Any]]:
        status, body, _ = await self.ask("klines", symbol=symbol, interval=interval, **query)
        assert status == 200, body
        rows: list[list[Any]] = json.loads(body)
        return rows

    async def steer(self, method: str, path: str, expect: int = 200, body: object = None, **query: object) -> Any:
        """Reply of the control endpoint."""
        parameters = {name: str(value) for name, value in query.items()}
        async with self.session.request(method, f"{self.sim.rest_url}/sim/{path}", json=body, params=parameters) as reply:
            text = await reply.text()
            assert reply.status == expect, text
            return json.loads(text)

    async def fault(self, kind: str, **fields: object) -> int:
        """Add a fault."""
        number: int = (await self.steer("POST", "faults", body={"kind": kind, **fields}))["id"]
        return number

    async def struck(self, number: int) -> int:
        """How often a fault struck."""
        return next(fault["struck"] for fault in await self.steer("GET", "faults") if fault["id"] == number)

    async def truth(self, symbol: str, interval: str, start_ms: int = START_MS, **query: object) -> list[list[Any]]:
        rows: list[list[Any]] = await self.steer("GET", "truth", symbol=symbol, interval=interval, startTime=start_ms, **query)
        return rows


@asynccontextmanager
async def running(
    market: Market = MARKET, limits: Limits | None = None, *, speed: float = 1.0, **options: Any
) -> AsyncIterator[Client]:
    """A client of a simulator."""
    clock = SimulatedClock(options.pop("start_ms", START_MS), speed=speed, held=options.pop("held", False))
    async with aiohttp.ClientSession() as session, Simulator(market, clock, limits=limits, **options) as sim:
        yield Client(session, sim)


async def hear(socket: ClientWebSocketResponse) -> Any:
    """The next message, as JSON."""
    return json.loads((await socket.receive()).data)


async def hear_out(socket: ClientWebSocketResponse) -> WSMessage:
    """The message with which a socket ends; events before it are passed over."""
    while (message := await socket.receive()).type not in ENDS:
        pass
    return message


async def end_code(socket: ClientWebSocketResponse) -> int | None:
    """The code with which a socket ends; 1006 when it ends without a word."""
    await hear_out(socket)
    return socket.close_code
