"""The desk: symbols come by rank, stop trading, come back, and traders go on with the others."""

import pytest

from engine.base.errors import SegmentFull
from engine.base.settings import Settings
from engine.binance.messages import SymbolInfo
from engine.feeds.listing import Listing
from engine.signals.first_match import MatchState
from engine.supervisor.desk import Desk
from engine.supervisor.roster import Roster
from engine.traders.definition import TraderDefinition
from engine.wire.messages import FilterLoaded, FilterRefusal
from tests.unit.supervisor.test_roster import definition

MIDNIGHT = 1_700_006_400_000
NAMES = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "ADAUSDT")


class World:
    """The neighbours of a desk: feed, schedule and workers, as far as it talks to them."""

    def __init__(self, symbols: tuple[str, ...] = ("top:2",), max_symbols: int = 100) -> None:
        self.market, self.listing = self, Listing()
        self.say()
        self.ranked = list(NAMES)
        self.wish: dict[str, set[str]] = {}
        self.here: set[str] = set()
        self.refuses = False
        self.symbols: list[str] = []
        self.states: dict[tuple[str, int], MatchState] = {}
        self.scheduled: set[str] = set()
        self.told: list[tuple[str, object]] = []
        self.dropped: list[int] = []
        self.roster = Roster("5m")
        self.desk = Desk(
            Settings(max_symbols=max_symbols), self.roster, self, self, self, self, lambda: MIDNIGHT, self, self.publish
        )
        (message,) = self.roster.update([definition(symbols=symbols)], {}).load
        self.desk.loaded(FilterLoaded(message.filter_id, intervals=("5m",)))
        (self.version,) = self.roster.running()

    def say(self, **statuses: str) -> None:
        self.listing.take([SymbolInfo(name, statuses.get(name, "TRADING"), "", "USDT") for name in NAMES], MIDNIGHT)

    async def traders(self) -> tuple[list[TraderDefinition], dict]:
        return [], {}

    async def paused(self) -> dict:
        return {}

    def drop_filter(self, filter_id: int) -> None:
        self.dropped.append(filter_id)

    def publish(self, kind: str, data: object) -> None:
        self.told.append((kind, data))

    # --- feed, and the writer's table
    async def require(self, needed, _history_from_ms) -> None:
        if self.refuses:
            raise SegmentFull("no room for another interval", "1d", "raise max_intervals")
        self.wish = needed
        self.symbols += [name for name in needed if name not in self.symbols]

    def ready(self, symbol: str, _interval: str) -> bool:
        return symbol in self.wish and symbol in self.here

    # --- screening
    def admit(self, _version, symbols) -> None:
        assert not self.scheduled & set(symbols)
        self.scheduled |= set(symbols)

    def leave(self, _version, symbols) -> None:
        self.scheduled -= set(symbols)


@pytest.fixture
async def world() -> World:
    made = World()
    made.here = {"BTCUSDT", "ETHUSDT"}
    await made.desk.mend()
    return made


async def test_a_symbol_that_stops_trading_is_released_and_told_and_the_others_go_on(world):
    assert world.scheduled == {"BTCUSDT", "ETHUSDT"}
    world.say(ETHUSDT="BREAK")
    await world.desk.mend()
    assert world.wish == {"BTCUSDT": {"5m"}}
    assert world.scheduled == {"BTCUSDT"}
    assert world.told == [("symbols_released", [{"symbol": "ETHUSDT", "status": "BREAK", "since": "2023-11-15T00:00:00.000Z"}])]
    (trader,) = world.roster.traders.values()
    assert trader.waiting_symbols == {"ETHUSDT"}
    assert trader.state == "running"
    # And it is told once, not with every look
    await world.desk.mend()
    assert len(world.told) == 1


async def test_a_symbol_that_trades_again_is_watched_again_once_its_history_is_there(world):
    world.say(ETHUSDT="HALT")
    await world.desk.mend()
    world.here.discard("ETHUSDT")
    world.say()
    await world.desk.mend()
    assert world.wish.keys() == {"BTCUSDT", "ETHUSDT"}
    assert world.told[-1] == ("symbols_returned", {"symbols": ["ETHUSDT"]})
    assert world.scheduled == {"BTCUSDT"}
    world.here.add("ETHUSDT")
    await world.desk.mend()
    assert world.scheduled == {"BTCUSDT", "ETHUSDT"}
    assert world.desk.released == {}
    # What it missed is its to catch up with: it did not come by rank
    assert world.version.entered_ms == {}


async def test_all_symbols_of_a_trader_may_stop_and_it_waits():
    world = World(("ETHUSDT",))
    world.say(ETHUSDT="BREAK")
    await world.desk.mend()
    (trader,) = world.roster.traders.values()
    assert trader.state == "waiting"
    assert world.wish == {}


async def test_a_new_ranking_brings_symbols_with_history_first_and_lets_others_go(world):
    world.ranked = ["SOLUSDT", "ADAUSDT", "DOTUSDT", "BTCUSDT", "ETHUSDT"]
    world.desk.universe_changed()
    await world.desk.mend()
    assert world.wish.keys() == {"SOLUSDT", "ADAUSDT"}
    assert world.scheduled == set()
    world.here.add("SOLUSDT")
    await world.desk.mend()
    assert world.scheduled == {"SOLUSDT"}
    assert world.version.entered_ms == {"SOLUSDT": MIDNIGHT, "ADAUSDT": MIDNIGHT}
    assert world.roster.running() == [world.version]


async def test_a_wish_without_room_is_cut_and_the_reason_told():
    world = World(("top:4",), max_symbols=3)
    await world.desk.mend()
    assert world.wish.keys() == {"BTCUSDT", "ETHUSDT", "SOLUSDT"}
    assert world.desk.problem == "no room for 1 more symbols: ADAUSDT: raise max_symbols and start again"


async def test_a_reason_that_lasts_is_written_down_once_however_often_the_wish_is_refused(monkeypatch, caplog):
    monkeypatch.setattr("engine.supervisor.desk.WISH_RETRY_S", 0.0)
    world = World()
    world.refuses = True
    for _ in range(5):
        await world.desk.mend()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "max_intervals" in caplog.text


async def test_a_wish_that_is_refused_is_told_again_and_its_reason_kept_until_it_is_taken(world, monkeypatch):
    monkeypatch.setattr("engine.supervisor.desk.WISH_RETRY_S", 0.0)
    world.refuses = True
    world.say(ETHUSDT="BREAK")
    await world.desk.mend()
    assert "max_intervals" in world.desk.problem
    world.refuses = False
    await world.desk.mend()
    assert world.wish.keys() == {"BTCUSDT"}
    assert world.desk.problem == ""


async def test_a_new_version_that_is_refused_is_told_with_its_place_and_the_old_one_stays(world):
    (message,) = world.roster.update([definition(2)], {}).load
    world.desk.refused(FilterRefusal(message.filter_id, 3, 7, "open", "open is not allowed"))
    ((kind, told),) = world.told
    assert kind == "trader_refused"
    assert (told["version"], told["line"], told["column"], told["construct"]) == (2, 3, 7, "open")
    assert world.roster.running() == [world.version]


async def test_a_new_version_that_this_exchange_cannot_serve_is_told_and_leaves_the_workers(world):
    (message,) = world.roster.update([definition(2)], {}).load
    world.desk.loaded(FilterLoaded(message.filter_id, symbols=("NOSUCHUSDT",), intervals=("5m",)))
    ((kind, told),) = world.told
    assert kind == "trader_refused"
    assert "NOSUCHUSDT" in told["message"]
    assert world.dropped == [message.filter_id]
    assert world.roster.running() == [world.version]
    # A second worker's word on it is not told again
    world.desk.loaded(FilterLoaded(message.filter_id, symbols=("NOSUCHUSDT",), intervals=("5m",)))
    assert len(world.told) == 1
