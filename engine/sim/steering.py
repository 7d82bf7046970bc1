"""The control endpoint, `/sim/…`: faults are added and removed here, and what is true and what clients did is told.

For tests and demonstrations, on this machine only; not weighed, not limited, and untouched by faults.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv6Address, ip_address
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from aiohttp import web

from engine.base.errors import EngineError, SettingsError
from engine.sim import bars, digits, faulttext
from engine.sim.connection import Connection
from engine.sim.grid import INTERVALS, grid_of
from engine.sim.parameters import STATUSES
from engine.sim.world import World

PREFIX: Final = "/sim"
BODY_BYTES_MAX: Final = 65_536
#: More rows than there can be.
ALL_ROWS: Final = 1 << 40
NEW_SYMBOL: Final = re.compile("[A-Z0-9]{1,16}USDT")
BARS_MAX: Final = 1_000_000
VOLUME_MAX: Final = 1e15


class Call(NamedTuple):
    """One request: what its path says after the place, its query, and the JSON object in its body."""

    rest: str
    query: Mapping[str, str]
    fields: dict[str, Any]


class Steering:
    """Answers for one simulator; `changed` is called when faults were added or removed."""

    def __init__(self, world: World, connections: Callable[[], Iterable[Connection]], changed: Callable[[], None]) -> None:
        self._world = world
        self._clock = world.clock
        self._faults = world.faults
        self._connections = connections
        self._changed = changed
        self._routes: dict[tuple[str, str], Callable[[Call], bytes]] = {
            ("GET", "faults"): self._list_faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._remove_faults,
            ("GET", "truth"): self._truth,
            ("POST", "symbols"): self._change_symbol,
            ("POST", "volumes"): self._change_volumes,
            ("GET", "revisions"): self._list_revisions,
            ("GET", "audit"): self._tell_audit,
        }

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Any request below `/sim`."""
        if not _is_here(request.remote or ""):
            return _error(403, "the control endpoint answers only to clients on this machine")
        place, _, rest = request.path.removeprefix(PREFIX).strip("/").partition("/")
        route = self._routes.get((request.method, place))
        if route is None:
            known = ", ".join(f"{method} {PREFIX}/{name}" for method, name in self._routes)
            return _error(404, f"{request.method} {request.path} is not known: there are {known}")
        try:
            fields = await _fields(request) if request.method == "POST" else {}
            return web.Response(body=route(Call(rest, request.query, fields)), headers={"Content-Type": "application/json"})
        except EngineError as error:
            return _error(400, str(error))

    def _list_faults(self, _: Call) -> bytes:
        return msgspec.json.encode(self._faults.told(time.monotonic()))

    def _add_fault(self, call: Call) -> bytes:
        number = self._faults.add(faulttext.from_fields(call.fields), time.monotonic())
        self._changed()
        return msgspec.json.encode({"id": number})

    def _remove_faults(self, call: Call) -> bytes:
        if not call.rest:
            self._faults.clear()
        elif call.rest.isascii() and call.rest.isdigit():
            self._faults.remove(int(call.rest))
        else:
            raise SettingsError("id of a fault is not a number", repr(call.rest), "write /sim/faults/1")
        self._changed()
        return b"{}"

    def _truth(self, call: Call) -> bytes:
        query, tape = call.query, self._world.present()
        listing = tape.market.listings.get(query.get("symbol", ""))
        if listing is None:
            raise SettingsError("symbol is not listed", repr(query.get("symbol", "")), "name one of exchangeInfo")
        interval = query.get("interval", "")
        if interval not in INTERVALS:
            raise SettingsError("interval is not known", repr(interval), f"use one of {', '.join(INTERVALS)}")
        now_ms = self._clock.now_ms()
        start_ms, end_ms = _instant(query, "startTime", None), _instant(query, "endTime", now_ms)
        grid = grid_of(interval, first_day_ms=listing.first_ms)
        table = tape.history(listing.symbol, grid, now_ms, start_ms=start_ms, end_ms=end_ms, limit=ALL_ROWS)
        opens = table[bars.OPEN_TIME].astype(np.int64)
        closes = grid.closes_of(opens)
        over = closes < now_ms
        return digits.rows_json(table[:, over], closes[over])

    def _change_symbol(self, call: Call) -> bytes:
        known = {"symbol", "status"} if "symbol" in call.fields else {"list", "bars"}
        if set(call.fields) - known:
            raise SettingsError("not known here", sorted(set(call.fields) - known), f"tell {' and '.join(sorted(known))}")
        now_ms = self._clock.now_ms()
        if "symbol" in call.fields:
            status = call.fields.get("status")
            if status not in STATUSES:
                raise SettingsError("status is not known", repr(status), f"use one of {', '.join(STATUSES)}")
            self._world.market.set_status(str(call.fields["symbol"]), status, now_ms)
            self._world.tape.forget(str(call.fields["symbol"]))
            return b"{}"
        symbol, count = call.fields.get("list"), call.fields.get("bars", 0)
        if not isinstance(symbol, str) or not NEW_SYMBOL.fullmatch(symbol):
            raise SettingsError("symbol cannot be listed", repr(symbol), "name it in capitals, with USDT at the end")
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= BARS_MAX:
            raise SettingsError("number of bars is out of range", repr(count), f"use 0 to {BARS_MAX}")
        listing = self._world.market.add(symbol, count, now_ms)
        return msgspec.json.encode({"symbol": symbol, "first_ms": listing.first_ms, "bar_ms": self._world.market.base_ms})

    def _change_volumes(self, call: Call) -> bytes:
        for symbol, volume in call.fields.items():
            if isinstance(volume, bool) or not isinstance(volume, (int, float)) or not 0 <= volume < VOLUME_MAX:
                raise SettingsError(f"volume of {symbol} is out of range", repr(volume), f"use 0 or more, below {VOLUME_MAX:g}")
        for symbol, volume in call.fields.items():
            self._world.market.set_volume(symbol, float(volume))
        return b"{}"

    def _list_revisions(self, _: Call) -> bytes:
        return msgspec.json.encode([revision._asdict() for revision in self._world.revisions.made])

    def _tell_audit(self, _: Call) -> bytes:
        streams = [len(connection.session.subscriptions) for connection in self._connections()]
        return msgspec.json.encode(self._world.audit.told(time.time(), streams))


def _is_here(address: str) -> bool:
    """Whether a client's address is one of this machine alone."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback


async def _fields(request: web.BaseRequest) -> dict[str, Any]:
    """The JSON object in the body."""
    if (request.content_length or 0) > BODY_BYTES_MAX:
        raise SettingsError("body is too long", request.content_length, f"send at most {BODY_BYTES_MAX} bytes")
    try:
        return msgspec.json.decode(await request.read(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise SettingsError("body is not a JSON object", error, 'send {"kind": "drop"}') from error


def _instant(query: Mapping[str, str], name: str, default: int | None) -> int:
    text = query.get(name)
    if text is None and default is not None:
        return default
    if text is None or not (text.isascii() and text.isdigit()):
        raise SettingsError(f"{name} is not an instant", repr(text), "write ms since the epoch")
    return int(text)


def _error(status: int, sentence: str) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode({"error": sentence}), headers={"Content-Type": "application/json"}
    )
