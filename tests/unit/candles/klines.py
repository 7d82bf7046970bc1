"""Bars for the tests of candles: all ten numbers of a bar follow from its place on the grid and a version."""

from engine.base.types import MINUTE_MS, Kline


def kline(number: int, version: int = 0) -> Kline:
    """The minute bar of that number; another version has the same open time and no other number in common."""
    base = float((number * 1000 + version) * 16)
    return Kline(number * MINUTE_MS, base + 1, base + 3, base, base + 2, base + 4, base + 5, base + 6, base + 7, base + 8)
