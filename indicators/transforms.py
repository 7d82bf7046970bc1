"""Functions of each value by itself."""

from indicators.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
