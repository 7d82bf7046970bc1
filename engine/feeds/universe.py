"""Which symbols an engine watches: the N most traded, or names. Pure.

A symbol counts when it is TRADING and spot trading is allowed; ranked by the quote volume of the last 24 hours, names
break ties, so that the same replies always give the same universe. Ranked again, a universe changes only where the ranking
has clearly changed (`hold`). What the exchange says of each symbol: `listing`.
"""

import difflib
from collections.abc import Collection, Iterable, Sequence

from engine.base.errors import SettingsError
from engine.binance.messages import SymbolInfo, Ticker24h

TRADING = "TRADING"

#: A symbol that is in stays down to rank N × this; one that is out pushes such a one aside from rank N ÷ this on. Ranks near N
#: change places every hour, and each change costs a history and a filter its continuity.
BAND = 1.2


def is_listed(symbol: SymbolInfo) -> bool:
    """Whether the symbol can be watched now."""
    return symbol.status == TRADING and symbol.is_spot_trading_allowed


def rank(symbols: Iterable[SymbolInfo], tickers: Iterable[Ticker24h], quote_asset: str) -> list[str]:
    """Names of all listed symbols of `quote_asset`, most traded first; without a ticker a symbol counts as not traded."""
    volumes = {ticker.symbol: ticker.quote_volume for ticker in tickers}
    names = [symbol.symbol for symbol in symbols if is_listed(symbol) and symbol.quote_asset == quote_asset]
    return sorted(names, key=lambda name: (-volumes.get(name, 0.0), name))


def hold(number: int, ranked: Sequence[str], current: Collection[str]) -> list[str]:
    """The `number` most traded of `ranked`, most traded first, but those of `current` stay while they rank near enough.

    Free places go to the best that are out. Nobody outside the band is in unless places would stay empty, the first
    N ÷ BAND are always in, and there are never more than `number`.
    """
    held = frozenset(current)
    rank_of = {name: place for place, name in enumerate(ranked, 1)}
    lowest = int(number * BAND)
    staying = [name for name in ranked[:lowest] if name in held][:number]
    chosen = set(staying)
    coming = [name for name in ranked[:number] if name not in chosen]
    for name in coming:
        if len(chosen) < number:
            chosen.add(name)
            continue
        if rank_of[name] * BAND > number:
            break
        # There is one beyond N, as one of the first N is out and all places are taken.
        chosen.remove(max(chosen, key=rank_of.__getitem__))
        chosen.add(name)
    return [name for name in ranked[:lowest] if name in chosen]


def top(wish: str) -> int:
    """N when the wish is a number of symbols; 0 when it is names. Raises SettingsError for a number that is not positive."""
    if not wish.strip().lstrip("-").isdecimal():
        return 0
    number = int(wish)
    if number < 1:
        raise SettingsError("number of symbols is refused", wish, "ENGINE_SYMBOLS takes a number from 1, or names")
    return number


def choose_again(wish: str, ranked: Sequence[str], current: Sequence[str], max_symbols: int) -> list[str]:
    """The universe after another look at the ranking; names stay as they are, whether they trade now or not."""
    number = min(top(wish), max_symbols)
    return hold(number, ranked, current) if number else list(current)


def choose(wish: str, ranked: Sequence[str], symbols: Sequence[SymbolInfo], max_symbols: int) -> list[str]:
    """The universe that the setting `symbols` asks for; raises SettingsError naming what is unknown, and near names."""
    number = top(wish)
    names = list(ranked[:number]) if number else _named(wish, symbols)
    if len(names) > max_symbols:
        raise SettingsError("too many symbols", len(names), f"raise ENGINE_MAX_SYMBOLS (now {max_symbols}) or ask for fewer")
    if not names:
        raise SettingsError("no symbol is traded for that quote asset", wish, "set ENGINE_QUOTE_ASSET or name the symbols")
    return names


def _named(wish: str, symbols: Sequence[SymbolInfo]) -> list[str]:
    wished = list(dict.fromkeys(name.strip().upper() for name in wish.split(",") if name.strip()))
    if not wished:
        raise SettingsError("no symbol is named", repr(wish), "ENGINE_SYMBOLS takes a number, or names joined by commas")
    # One that is halted now is watched as soon as it trades: a restart at that moment must not be refused.
    known = [symbol.symbol for symbol in symbols]
    for name in wished:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3)
            advice = f"did you mean {', '.join(near)}?" if near else "the exchange lists no such symbol"
            raise SettingsError("unknown symbol", name, advice)
    return wished
