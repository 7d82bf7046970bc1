"""Indicators that TA-Lib lacks."""

from indicators.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
