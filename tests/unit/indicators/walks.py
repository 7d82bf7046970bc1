"""Candles made for patterns: prices on a coarse grid, where bodies touch, ends are shared and gaps are common."""

from collections.abc import Sequence

import numpy as np

from tests.unit.indicators.cases import Candles

BODIES = [0, 0, 1, 1, 2, 3, 5, 8, 12, 20]
SHADOWS = [0, 0, 0, 0, 1, 1, 2, 6, 12]
OFFSETS = [0, 0, 0, 1, -1, 3, -3, 9, -9, 25]


#: A grid that binary numbers have, and others that they do not.
GRIDS = (1.0, 0.1, 0.37)


def walk(seed: int, bars: int, lanes: int = 1, grids: Sequence[float] = GRIDS) -> Candles:
    """Random candles of shape (bars, lanes) that open anywhere around the candle before, or exactly at one of its prices."""
    chance = np.random.default_rng(seed)
    rows = np.empty((bars, 4, lanes))
    before = np.full((4, lanes), 10_000.0)
    colour = chance.choice([-1, 1], lanes)
    every = np.arange(lanes)
    for row in range(bars):
        # Mostly of the colour before, because patterns of many bars begin with a run.
        colour = np.where(chance.random(lanes) < 0.4, -colour, colour)
        opened = before[chance.choice([0, 1, 2, 3, 3, 3], lanes), every] + chance.choice(OFFSETS, lanes)
        closed = opened + colour * chance.choice(BODIES, lanes)
        # Now and then a close that an earlier candle had.
        held = chance.random(lanes) < 0.15
        closed[held] = before[chance.choice([0, 2, 3], lanes), every][held]
        bare = chance.random(lanes) < 0.3
        above = np.where(bare, 0, chance.choice(SHADOWS, lanes))
        below = np.where(bare, 0, chance.choice(SHADOWS, lanes))
        before = np.array([opened, np.maximum(opened, closed) + above, np.minimum(opened, closed) - below, closed])
        rows[row] = before
    prices = rows * chance.choice(grids, lanes)
    return {name: np.ascontiguousarray(prices[:, number]) for number, name in enumerate(("open", "high", "low", "close"))}
