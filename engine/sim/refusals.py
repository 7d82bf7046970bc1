"""The exchange's own errors, as it words them; raised anywhere below a request and answered as its reply."""

from typing import Final

from engine.base.errors import ExchangeRefused

SYMBOL_RANGE: Final = r"^[\w\-._&&[^a-z]]{1,50}$"
SYMBOLS_RANGE: Final = r"""^\[("[\w\-._&&[^a-z]]{1,50}"(,"[\w\-._&&[^a-z]]{1,50}"){0,}){0,1}\]$"""
NUMBER_RANGE: Final = "^[0-9]{1,20}$"
TIME_ZONE_RANGE: Final = r"^[+-]?[0-9]{1,2}(:[0-9]{2})?$"
DOCUMENTED: Final = "see the exchange's list of error codes"


def refused(code: int, message: str, status: int = 400) -> ExchangeRefused:
    """An error reply of the exchange."""
    return ExchangeRefused("request was refused", code=code, message=message, status=status, advice=DOCUMENTED)


def too_much_weight(limit: int) -> ExchangeRefused:
    """429: this minute's weight is used up."""
    text = f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE."
    return refused(-1003, f"{text} Please use WebSocket Streams for live updates to avoid polling the API.", 429)


def too_many_requests(limit: int) -> ExchangeRefused:
    """429: the raw requests of these five minutes are used up."""
    text = f"Too many requests; current limit is {limit} requests per 5 MINUTE."
    return refused(-1003, f"{text} Please use WebSocket Streams for live updates to avoid polling the API.", 429)


def banned(until_ms: int) -> ExchangeRefused:
    """418: the address went on after 429."""
    text = f"Way too much request weight used; IP banned until {until_ms}."
    return refused(-1003, f"{text} Please use WebSocket Streams for live updates to avoid bans.", 418)


def illegal_characters(name: str, legal: str) -> ExchangeRefused:
    """A parameter with characters it may not have."""
    return refused(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def too_many_parameters(received: int) -> ExchangeRefused:
    """Any parameter where none is expected."""
    return refused(-1101, f"Too many parameters; expected '0' and received '{received}'.")


def duplicate_parameter() -> ExchangeRefused:
    """A parameter sent twice."""
    return refused(-1101, "Duplicate values for a parameter detected.")


def missing_parameter(name: str) -> ExchangeRefused:
    """A mandatory parameter is not there."""
    return refused(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def unread_parameters(read: int, sent: int) -> ExchangeRefused:
    """A parameter the endpoint does not know."""
    return refused(-1104, f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.")


def empty_parameter(name: str) -> ExchangeRefused:
    """A parameter without a value."""
    return refused(-1105, f"Parameter '{name}' was empty.")


def invalid_interval() -> ExchangeRefused:
    """An interval the exchange does not have, or the market cannot tell."""
    return refused(-1120, "Invalid interval.")


def invalid_symbol() -> ExchangeRefused:
    """A symbol that is not listed."""
    return refused(-1121, "Invalid symbol.")


def invalid_symbol_status() -> ExchangeRefused:
    """A status that does not exist."""
    return refused(-1122, "Invalid symbolStatus.")


def bad_combination() -> ExchangeRefused:
    """Parameters that exclude one another."""
    return refused(-1128, "Combination of optional parameters invalid.")


def invalid_data(name: str) -> ExchangeRefused:
    """A value of the right form that means nothing."""
    return refused(-1130, f"Data sent for parameter '{name}' is not valid.")


def invalid_ticker_type() -> ExchangeRefused:
    """Neither FULL nor MINI."""
    return refused(-1139, "Invalid ticker type.")


def duplicate_symbols() -> ExchangeRefused:
    """A symbol twice in one list."""
    return refused(-1151, "Symbol is present multiple times in the list.")


def invalid_time_unit() -> ExchangeRefused:
    """X-MBX-TIME-UNIT with another value."""
    return refused(-1194, "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.")


def status_mismatch() -> ExchangeRefused:
    """The symbol has another status than the one asked for."""
    return refused(-1220, "The symbol's status does not match the requested symbolStatus.")
