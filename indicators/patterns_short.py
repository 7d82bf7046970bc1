"""Candlestick patterns of one and two bars."""

from indicators.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
