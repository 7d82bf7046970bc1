"""Bulk reading of shared candles: a bar that may be torn, replaced or of another generation is never called sound."""

import struct
from contextlib import closing

import numpy as np

from engine.candles.reader import Reader
from tests.unit.workers.stall import bar, bars, stall
from workers.rings import Rings


def read(one, index: int):
    """The bar of that index of the first series, as the bulk read sees it with the generation of now."""
    rings = Rings(Reader(one.segment))
    series = np.array([rings.series(0, 0)])
    _, generations = rings.published(series)
    return rings.bars(series, np.array([index]), generations)


def test_a_counted_bar_is_sound():
    with stall(ring_bars=10) as one:
        one.put(0, "1m", bars("1m", [100.0, 101.0]))
        open_times, values, sound = read(one, 1)
        assert (open_times.tolist(), values[0, 3], sound.tolist()) == ([120_000], 101.0, [True])
        del open_times, values, sound


def test_a_bar_whose_row_the_ring_has_taken_is_not():
    with stall(ring_bars=10) as one:
        one.put(0, "1m", bars("1m", [100.0] * 15))
        assert [read(one, index)[2][0] for index in (3, 4, 5, 14)] == [False, False, True, True]


def test_a_bar_that_is_being_written_is_not():
    with stall(ring_bars=10) as one:
        one.put(0, "1m", bars("1m", [100.0] * 3))
        shape = one.segment.layout
        for number, expected in ((7, False), (8, True)):
            struct.pack_into("<Q", one.segment.memory, shape.sequences_offset + 2 * 8, number)
            assert read(one, 2)[2].tolist() == [expected]


def test_a_bar_of_another_generation_is_not():
    with stall(ring_bars=10) as one:
        one.put(0, "1m", bars("1m", [100.0] * 3))
        with closing(Rings(Reader(one.segment))) as rings:
            series = np.array([rings.series(0, 0)])
            _, before = rings.published(series)
            one.writer.put_history(0, 0, [bar("1m", 2, 50.0)])
            assert rings.bars(series, np.array([2]), before)[2].tolist() == [False]


def test_names_are_read_again_when_there_are_more():
    with stall(symbols=("AUSDT",)) as one, closing(Rings(Reader(one.segment))) as rings:
        assert rings.interval("5m") is None
        one.writer.add_interval("5m")
        assert rings.interval("5m") == 0
        assert rings.symbol_names(0) == ("AUSDT",)
