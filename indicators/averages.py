"""Moving averages beyond the simple ones."""

from indicators.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
