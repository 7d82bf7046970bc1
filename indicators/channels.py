"""Bands, channels and stops that are drawn around the price."""

from indicators.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
