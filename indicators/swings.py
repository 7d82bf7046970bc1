"""Swing highs and lows, pivots and divergences, known only when they are confirmed."""

from indicators.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
