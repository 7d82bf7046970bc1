"""Statistics of a window."""

from indicators.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
