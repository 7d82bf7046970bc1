"""Hilbert transform: cycles and their phase."""

from indicators.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
