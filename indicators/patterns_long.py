"""Candlestick patterns of three and more bars."""

from indicators.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
