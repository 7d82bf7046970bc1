"""Kernels and catalog agree on the moving averages."""

import pytest

from indicators import matypes
from indicators.kernels.matypes import average_leading_nb


@pytest.mark.parametrize("matype", range(14))
def test_kernels_count_the_bars_before_an_average_as_the_catalog_does(matype):
    count = getattr(average_leading_nb, "py_func", average_leading_nb)
    periods = [*range(1, 130), 9_999, 10_000, 99_999, 100_000]
    assert [count(period, matype) for period in periods] == [matypes.average_leading(period, matype) for period in periods]
