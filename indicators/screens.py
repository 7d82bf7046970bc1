"""Conditions and measures that screens ask for."""

from indicators.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
