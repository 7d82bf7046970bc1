"""One price made of several."""

from indicators.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
