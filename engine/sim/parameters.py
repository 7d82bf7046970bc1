"""What a request asks for: query strings checked and turned into plain values, by the exchange's rules and errors.

Pure, and ignorant of the market: whether a symbol exists is decided where the question is answered.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from engine.base.errors import ExchangeRefused
from engine.sim import refusals
from engine.sim.grid import INTERVALS
from engine.sim.tape import FOREVER_MS

LIMIT_DEFAULT: Final = 500
LIMIT_MAX: Final = 1_000
#: Later than any time in ms that can be meant: such numbers are microseconds.
MICROSECONDS_FROM: Final = 10**14
STATUSES: Final = ("TRADING", "END_OF_DAY", "HALT", "BREAK", "CANCEL_ONLY")
ZONE_MIN_MINUTES: Final = -12 * 60
ZONE_MAX_MINUTES: Final = 14 * 60

# Word characters, hyphen and dot, but no small Latin letters.
_SYMBOL: Final = r"(?:(?![a-z])[\w\-.]){1,50}"
SYMBOL: Final = re.compile(_SYMBOL)
SYMBOLS: Final = re.compile(rf'\[(?:"{_SYMBOL}"(?:,"{_SYMBOL}")*)?\]')
NUMBER: Final = re.compile(r"[0-9]{1,20}")
ZONE: Final = re.compile(r"([+-]?)([0-9]{1,2})(?::([0-9]{2}))?")


class KlinesQuestion(NamedTuple):
    """Parameters of klines; times are None where not sent."""

    symbol: str
    interval: str
    start_ms: int | None
    end_ms: int | None
    limit: int
    offset_ms: int


class SymbolsQuestion(NamedTuple):
    """Which symbols: one, a list, or all (None)."""

    symbols: list[str] | None
    is_list: bool
    status: str | None


class Query:
    """The parameters of one request; each value is checked when it is read."""

    def __init__(self, pairs: Iterable[tuple[str, str]], known: tuple[str, ...], mandatory: tuple[str, ...] = ()) -> None:
        sent = list(pairs)
        self._values = dict(sent)
        if sent and not known:
            raise refusals.too_many_parameters(len(sent))
        if len(self._values) < len(sent):
            raise _refused_repetition(name for name, _ in sent)
        for name in mandatory:
            if name not in self._values:
                raise refusals.missing_parameter(name)
        read = sum(name in known for name in self._values)
        if read < len(self._values):
            raise refusals.unread_parameters(read, len(self._values))
        for name, value in sent:
            if not value:
                raise refusals.empty_parameter(name)

    def text(self, name: str) -> str | None:
        """The value as sent."""
        return self._values.get(name)

    def number(self, name: str) -> int | None:
        """A whole number of at most 20 digits."""
        value = self._values.get(name)
        if value is None:
            return None
        # Digits of other scripts are digits to Python, not to the exchange.
        if not (value.isascii() and NUMBER.fullmatch(value)):
            raise refusals.illegal_characters(name, refusals.NUMBER_RANGE)
        return int(value)

    def time_ms(self, name: str) -> int | None:
        """An instant, sent in ms or µs; what lies outside of any range that is meant is moved to its edge."""
        value = self.number(name)
        if value is None:
            return None
        return min(value // 1_000 if value >= MICROSECONDS_FROM else value, FOREVER_MS)

    def symbol(self, name: str = "symbol") -> str | None:
        """One symbol."""
        value = self._values.get(name)
        if value is not None and not SYMBOL.fullmatch(value):
            raise refusals.illegal_characters(name, refusals.SYMBOL_RANGE)
        return value

    def symbol_list(self) -> list[str] | None:
        """A JSON list of symbols, without blanks."""
        value = self._values.get("symbols")
        if value is None:
            return None
        if not SYMBOLS.fullmatch(value):
            raise refusals.illegal_characters("symbols", refusals.SYMBOLS_RANGE)
        symbols = msgspec.json.decode(value, type=list[str])
        if len(set(symbols)) < len(symbols):
            raise refusals.duplicate_symbols()
        return symbols

    def flag(self, name: str, default: bool) -> bool:
        """`true` or `false`."""
        value = self._values.get(name, "true" if default else "false").lower()
        if value not in ("true", "false"):
            raise refusals.invalid_data(name)
        return value == "true"

    def status(self) -> str | None:
        """A symbol status."""
        value = self._values.get("symbolStatus")
        if value is not None and value not in STATUSES:
            raise refusals.invalid_symbol_status()
        return value

    def offset_ms(self) -> int:
        """`timeZone` as ms east of UTC: hours (`8`, `-3`) or hours and minutes (`05:45`), from -12:00 to +14:00."""
        value = self._values.get("timeZone")
        if value is None:
            return 0
        found = ZONE.fullmatch(value) if value.isascii() else None
        if found is None:
            raise refusals.illegal_characters("timeZone", refusals.TIME_ZONE_RANGE)
        sign, hours, minutes = found.groups(default="0")
        offset = int(hours) * 60 + int(minutes)
        offset = -offset if sign == "-" else offset
        if int(minutes) > 59 or not ZONE_MIN_MINUTES <= offset <= ZONE_MAX_MINUTES:
            raise refusals.invalid_data("timeZone")
        return offset * 60_000


def _refused_repetition(names: Iterable[str]) -> ExchangeRefused:
    """A list of symbols spread over several parameters is an illegal list; anything else sent twice is a duplicate."""
    seen: set[str] = set()
    for name in names:
        if name in seen and name == "symbols":
            return refusals.illegal_characters("symbols", refusals.SYMBOLS_RANGE)
        seen.add(name)
    return refusals.duplicate_parameter()


def klines(pairs: Iterable[tuple[str, str]]) -> KlinesQuestion:
    """Parameters of klines and uiKlines; a limit above the maximum means the maximum."""
    known = ("symbol", "interval", "startTime", "endTime", "timeZone", "limit")
    query = Query(pairs, known, mandatory=("symbol", "interval"))
    symbol, interval = query.symbol(), query.text("interval")
    assert symbol is not None
    assert interval is not None
    limit = query.number("limit")
    if limit == 0:
        raise refusals.invalid_data("limit")
    start_ms, end_ms, offset_ms = query.time_ms("startTime"), query.time_ms("endTime"), query.offset_ms()
    if interval not in INTERVALS:
        raise refusals.invalid_interval()
    return KlinesQuestion(symbol, interval, start_ms, end_ms, min(limit or LIMIT_DEFAULT, LIMIT_MAX), offset_ms)


def ticker_24h(pairs: Iterable[tuple[str, str]]) -> tuple[SymbolsQuestion, bool]:
    """Parameters of ticker/24hr: symbols, and whether the short type is wanted."""
    query = Query(pairs, ("symbol", "symbols", "type", "symbolStatus"))
    question = _symbols(query)
    kind = query.text("type") or "FULL"
    if kind not in ("FULL", "MINI"):
        raise refusals.invalid_ticker_type()
    return question, kind == "MINI"


def ticker(pairs: Iterable[tuple[str, str]]) -> SymbolsQuestion:
    """Parameters of ticker/price and ticker/bookTicker."""
    return _symbols(Query(pairs, ("symbol", "symbols", "symbolStatus")))


def exchange_info(pairs: Iterable[tuple[str, str]]) -> tuple[SymbolsQuestion, list[str] | None, bool]:
    """Parameters of exchangeInfo: symbols, permissions (None: the usual ones), and whether permission sets are shown."""
    query = Query(pairs, ("symbol", "symbols", "permissions", "showPermissionSets", "symbolStatus"))
    question = _symbols(query)
    permissions = query.text("permissions")
    named = question.symbols is not None
    if named and (permissions is not None or question.status is not None):
        raise refusals.bad_combination()
    return question, None if permissions is None else _permissions(permissions), query.flag("showPermissionSets", True)


def _symbols(query: Query) -> SymbolsQuestion:
    symbol, symbols = query.symbol(), query.symbol_list()
    if symbol is not None and symbols is not None:
        raise refusals.bad_combination()
    if symbol is not None:
        return SymbolsQuestion([symbol], is_list=False, status=query.status())
    return SymbolsQuestion(symbols, is_list=True, status=query.status())


def _permissions(value: str) -> list[str]:
    """One permission, or a JSON list of them."""
    if not value.startswith("["):
        return [value]
    try:
        return msgspec.json.decode(value, type=list[str])
    except msgspec.DecodeError as error:
        raise refusals.invalid_data("permissions") from error
