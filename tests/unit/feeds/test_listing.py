"""Symbols come, are halted, go and come back; what the exchange says is believed, what it leaves out only the second time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.binance.messages import SymbolInfo
from engine.feeds.listing import GONE, NO_SPOT, Halt, Listing

NAMES = ("BTCUSDT", "ETHUSDT", "NEWUSDT")


def reply(*names: str, **statuses: str) -> list[SymbolInfo]:
    return [SymbolInfo(name, statuses.get(name, "TRADING"), name[:-4], "USDT") for name in (*names, *statuses)]


@pytest.fixture
def listing() -> Listing:
    found = Listing()
    found.take(reply("BTCUSDT", "ETHUSDT"), 1_000)
    return found


@pytest.mark.parametrize("status", ["BREAK", "HALT", "CANCEL_ONLY", "END_OF_DAY", "SOMETHING_NEW"])
def test_a_symbol_that_does_not_trade_is_told_with_its_status_until_it_trades_again(listing, status):
    listing.take(reply("BTCUSDT", ETHUSDT=status), 2_000)
    listing.take(reply("BTCUSDT", ETHUSDT=status), 3_000)
    assert listing.listed == {"BTCUSDT"}
    assert listing.halt("ETHUSDT") == Halt(status, 2_000)
    listing.take(reply("BTCUSDT", "ETHUSDT"), 4_000)
    assert listing.listed == {"BTCUSDT", "ETHUSDT"}
    assert listing.halt("ETHUSDT") is None


def test_a_symbol_without_spot_trading_cannot_be_watched(listing):
    listing.take([*reply("BTCUSDT"), SymbolInfo("ETHUSDT", "TRADING", "ETH", "USDT", is_spot_trading_allowed=False)], 2_000)
    assert listing.halt("ETHUSDT") == Halt(NO_SPOT, 2_000)


def test_a_symbol_that_is_missing_is_gone_when_a_second_reply_lacks_it_too(listing):
    listing.take(reply("BTCUSDT"), 2_000)
    assert listing.doubted == {"ETHUSDT"}
    assert "ETHUSDT" in listing.listed
    listing.take(reply("BTCUSDT"), 3_000)
    assert not listing.doubted
    assert listing.halt("ETHUSDT") == Halt(GONE, 3_000)
    # And it is not doubted again, and comes back like any other
    listing.take(reply("BTCUSDT"), 4_000)
    assert not listing.doubted
    assert listing.halt("ETHUSDT") == Halt(GONE, 3_000)
    listing.take(reply("BTCUSDT", "ETHUSDT"), 5_000)
    assert "ETHUSDT" in listing.listed


def test_one_reply_without_any_symbol_ends_nothing(listing):
    listing.take([], 2_000)
    assert listing.listed == {"BTCUSDT", "ETHUSDT"}
    listing.take(reply("BTCUSDT", "ETHUSDT"), 3_000)
    assert listing.listed == {"BTCUSDT", "ETHUSDT"}
    assert not listing.doubted


def test_the_version_grows_with_changes_and_only_with_them(listing):
    before = listing.version
    listing.take(reply("BTCUSDT", "ETHUSDT"), 2_000)
    assert listing.version == before
    listing.take(reply("BTCUSDT", "ETHUSDT", "NEWUSDT"), 3_000)
    listing.take(reply("BTCUSDT", "NEWUSDT", ETHUSDT="HALT"), 4_000)
    listing.take(reply("BTCUSDT", "NEWUSDT", ETHUSDT="BREAK"), 5_000)
    assert listing.version == before + 3
    assert listing.halt("ETHUSDT") == Halt("BREAK", 5_000)


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["TRADING", "BREAK"])), max_size=8))
def test_whatever_replies_come_each_symbol_either_trades_or_is_told_with_its_reason(replies):
    listing = Listing()
    for now_ms, statuses in enumerate(replies):
        listing.take(reply(**statuses), now_ms)
        assert listing.known >= statuses.keys()
        assert {name for name, status in statuses.items() if status == "TRADING"} <= listing.listed
        assert listing.listed == {name for name in listing.known if listing.halt(name) is None}
