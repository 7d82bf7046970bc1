"""Words shared by all layers: intervals and their grid, and one kline as plain numbers."""

from typing import NamedTuple

from engine.base.errors import SettingsError

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

#: Intervals whose bars open at multiples of their length since the epoch, in milliseconds.
INTERVAL_MS: dict[str, int] = {
    "1s": SECOND_MS,
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": HOUR_MS,
    "2h": 2 * HOUR_MS,
    "4h": 4 * HOUR_MS,
    "6h": 6 * HOUR_MS,
    "8h": 8 * HOUR_MS,
    "12h": 12 * HOUR_MS,
    "1d": DAY_MS,
}

#: Intervals the exchange has but whose bars do not open at multiples of their length, and where they open instead
#: (binance-facts, section 2). Refused by name rather than computed wrongly.
IRREGULAR_INTERVALS: dict[str, str] = {
    "3d": "three-day bars count from each symbol's own first day of trading",
    "1w": "weeks open on Mondays, not at multiples of seven days",
    "1M": "months differ in length",
}
IRREGULAR_ADVICE = "read 1d and put days together in the filter"


def interval_ms(interval: str) -> int:
    """Length of `interval` in milliseconds; raises SettingsError for a name without a regular grid."""
    length = INTERVAL_MS.get(interval)
    if length is None:
        if interval in IRREGULAR_INTERVALS:
            raise SettingsError(f"interval is not supported: {IRREGULAR_INTERVALS[interval]}", interval, IRREGULAR_ADVICE)
        raise SettingsError("unknown interval", repr(interval), "use one of " + " ".join(INTERVAL_MS))
    return length


def bar_open_ms(time_ms: int, length_ms: int) -> int:
    """Open time of the bar of `length_ms` that contains the instant `time_ms`."""
    return time_ms - time_ms % length_ms


class Kline(NamedTuple):
    """One bar as numbers; times are ms since the epoch, UTC. Its close time is `open_time + interval - 1`."""

    open_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    quote_volume: float
    trades: float
    taker_buy_volume: float
    taker_buy_quote_volume: float
