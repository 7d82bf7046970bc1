"""Arithmetic of series, and sums, extremes and their places over windows."""

from indicators.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
