"""One interval as a worker holds it: bars of many symbols side by side, one block a field.

    block "close"      symbol   BTC   ETH   SOL  …          row 0: first bar at or after the anchor
                       row 0    x     x     x               a column ends with its last closed bar; in a forming step
                       row 1    x     x     x               the bar still forming stands in the row below
                       …        x     –     x

Bar-major, so that one kernel call computes an indicator for all symbols, symbols as lanes of the vector unit. A column is
left-aligned: where the exchange made no bar there is no row. Whoever computed from a column compares its stamp and its epoch
with those of then. Rows below a column's end hold zeros or garbage.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workers.rings import FIELDS, Rings

Ints = NDArray[np.int64]
Block = NDArray[np.float64]

#: A column with more new bars than this is read again as a whole.
ROUNDS_MAX: Final = 8


class Shown(NamedTuple):
    """Of the step in hand: lanes of the symbols that have bars, and how many of these are seen."""

    lanes: list[int]
    rows: list[int]
    #: Whether these are the first lanes, in order, all with as many rows.
    even: bool


class Picture:
    """Columns of one interval from one anchor on, for at most `lanes_max` symbols, holding the given fields."""

    def __init__(self, interval: int, anchor_ms: int, rows_max: int, lanes_max: int, fields: frozenset[str]) -> None:
        self.interval = interval
        self.anchor_ms = anchor_ms
        self.rows_max = rows_max
        self.lanes_max = lanes_max
        self.fields = fields
        self.columns = {name: FIELDS.index(name) for name in fields}
        self.blocks: dict[str, Block] = {name: np.zeros((rows_max, lanes_max)) for name in fields}
        self.open_times: Ints = np.zeros((rows_max, lanes_max), np.int64)
        #: Lane of each symbol, in order of arrival.
        self.lanes: dict[int, int] = {}
        #: What changes in the columns, as kernels take it: the rows of `ledger` are the four that follow.
        self.ledger: Ints = np.zeros((4, lanes_max), np.int64)
        #: Stamps change with anything in a column, epochs when more changed than that bars were added or one is forming.
        #: Closed bars are counted in `closed`; with the forming one, in `filled`.
        self.stamps, self.epochs, self.closed, self.filled = self.ledger
        self.last_open_ms: Ints = np.zeros(lanes_max, np.int64)
        #: Lanes of the symbols of the step in hand.
        self.step_lanes: Ints = np.zeros(0, np.int64)
        self.shown = Shown([], [], even=False)
        self._series: Ints = np.zeros(lanes_max, np.int64)
        self._counts: Ints = np.full(lanes_max, -1, np.int64)
        self._generations: Ints = np.full(lanes_max, -1, np.int64)
        self._forming: dict[int, tuple[float, ...]] = {}
        self._next_stamp = 1

    @property
    def rows(self) -> int:
        """Rows in use, over all columns."""
        return int(self.filled.max(initial=0))

    @property
    def bytes(self) -> int:
        return self.rows_max * self.lanes_max * 8 * (len(self.blocks) + 1)

    def has_room_for(self, symbols: list[int]) -> bool:
        """Whether these symbols have lanes, or there are enough left."""
        return len(self.lanes) + sum(symbol not in self.lanes for symbol in symbols) <= self.lanes_max

    def update(self, rings: Rings, symbols: list[int], forming: bool) -> None:
        """Bring the columns of these symbols up to date from shared memory; with `forming`, the bar in progress too."""
        lanes = self.lanes
        for symbol in symbols:
            if symbol not in lanes:
                lanes[symbol] = len(lanes)
                self._series[lanes[symbol]] = rings.series(symbol, self.interval)
        chosen = np.array([lanes[symbol] for symbol in symbols], np.int64)
        self.step_lanes = chosen
        self._read_closed(rings, chosen)
        while forming and chosen.size:
            for lane in chosen.tolist():
                self._read_forming(rings, lane)
            # Where a bar closed between the two looks, the one in progress is its successor: look at both again.
            chosen = self._read_closed(rings, chosen)

    def _read_closed(self, rings: Rings, lanes: Ints) -> Ints:
        """Catch up with the closed bars of these columns; returns the columns where there were any."""
        counts, generations = rings.published(self._series[lanes])
        stale = (counts != self._counts[lanes]) | (generations != self._generations[lanes])
        if stale.any():
            self._catch_up(rings, lanes[stale], counts[stale], generations[stale])
        changed: Ints = lanes[stale]
        return changed

    def _catch_up(self, rings: Rings, lanes: Ints, counts: Ints, generations: Ints) -> None:
        behind = counts - self._counts[lanes]
        whole = (generations != self._generations[lanes]) | (behind < 0) | (behind > ROUNDS_MAX)
        for lane in lanes[whole].tolist():
            self._reload(rings, lane)
        lanes, counts = lanes[~whole], counts[~whole]
        while lanes.size:
            self._append(rings, lanes)
            waiting = self._counts[lanes] < counts
            lanes, counts = lanes[waiting], counts[waiting]

    def _append(self, rings: Rings, lanes: Ints) -> None:
        """The next bar of each of these columns, all in one go; a column that changed meanwhile is read anew."""
        open_times, values, sound = rings.bars(self._series[lanes], self._counts[lanes], self._generations[lanes])
        for lane in lanes[~sound].tolist():
            self._reload(rings, lane)
        lanes, open_times, values = lanes[sound], open_times[sound], values[sound]
        self._counts[lanes] += 1
        rows = self.closed[lanes]
        # A bar before the anchor, or beyond the last row, is none of this picture's.
        fits = (open_times >= self.anchor_ms) & (rows < self.rows_max - 1)
        lanes, rows, open_times, values = lanes[fits], rows[fits], open_times[fits], values[fits]
        self.open_times[rows, lanes] = open_times
        for name, column in self.columns.items():
            self.blocks[name][rows, lanes] = values[:, column]
        self.closed[lanes] += 1
        self.filled[lanes] = self.closed[lanes]
        self.last_open_ms[lanes] = open_times
        self._touch(lanes)

    def _reload(self, rings: Rings, lane: int) -> None:
        loaded = rings.load(int(self._series[lane]), self.anchor_ms)
        rows = min(len(loaded.open_times), self.rows_max - 1)
        self.open_times[:rows, lane] = loaded.open_times[:rows]
        for name, column in self.columns.items():
            self.blocks[name][:rows, lane] = loaded.values[:rows, column]
        self.closed[lane] = self.filled[lane] = rows
        self.last_open_ms[lane] = loaded.open_times[rows - 1] if rows else 0
        self._counts[lane] = loaded.end
        self._generations[lane] = loaded.generation
        self._forming.pop(lane, None)
        self.epochs[lane] += 1
        self._touch(lane)

    def _read_forming(self, rings: Rings, lane: int) -> None:
        """Put the bar in progress below the closed ones, or nothing where there is none newer than those."""
        found = rings.forming(int(self._series[lane]))
        row = int(self.closed[lane])
        if found is None or found[0] < self.anchor_ms or (row and found[0] <= self.last_open_ms[lane]):
            if self.filled[lane] != row:
                self.filled[lane] = row
                self._touch(lane)
            return
        if self.filled[lane] == row + 1 and self._forming.get(lane) == found:
            return
        self.open_times[row, lane] = found[0]
        for name, column in self.columns.items():
            self.blocks[name][row, lane] = found[column + 1]
        self.filled[lane] = row + 1
        self._forming[lane] = found
        self._touch(lane)

    def _touch(self, lanes: Any) -> None:
        self.stamps[lanes] = self._next_stamp
        self._next_stamp += 1

    def closed_rows(self, as_of_ms: int, length_ms: int) -> list[int]:
        """For each symbol of the step, the bars that had closed by then, however many later ones the column holds."""
        lanes = self.step_lanes
        rows: list[int] = self.closed[lanes].tolist()
        newest_open_ms = as_of_ms - length_ms
        for place in np.flatnonzero(self.last_open_ms[lanes] > newest_open_ms).tolist():
            lane = lanes[place]
            rows[place] = int(np.searchsorted(self.open_times[: self.closed[lane], lane], newest_open_ms, "right"))
        return rows

    def filled_rows(self) -> list[int]:
        """For each symbol of the step, all its rows, the forming one included."""
        rows: list[int] = self.filled[self.step_lanes].tolist()
        return rows
