"""Oscillators of the price."""

from indicators.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
