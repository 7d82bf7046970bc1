"""Direction and its strength: directional movement, Aroon, vortex."""

from indicators.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
