"""Division by a period without dividing gives the bits of a division; choices are Python's own, NaN included."""

import numba
import numpy as np

from indicators.kernels.arithmetic import chosen, divided, larger, smaller


@numba.njit(error_model="numpy")
def _quotients(values, divisor, out):
    for index in range(len(values)):
        out[index] = divided(values[index], divisor)


@numba.njit
def _choices(a, b, out):
    for index in range(len(a)):
        out[0, index] = larger(a[index], b[index])
        out[1, index] = smaller(a[index], b[index])
        out[2, index] = chosen(a[index] >= b[index], a[index], b[index])


def test_a_division_by_a_period_is_exact_to_the_last_bit():
    random = np.random.default_rng(3)
    values = np.concatenate(
        [
            random.normal(size=5_000) * 10.0 ** random.integers(-280, 300, 5_000),
            np.arange(1.0, 500.0),
            [0.0, np.inf, -np.inf, np.nan],
        ]
    )
    found = np.empty_like(values)
    for divisor in (*range(1, 130), 1_000, 4_999, 100_000):
        _quotients(values, divisor, found)
        assert np.array_equal(found, values / divisor, equal_nan=True)


def test_choices_are_those_of_a_conditional_expression():
    numbers = np.array([-1.0, 0.0, 2.0, np.inf, -np.inf, np.nan])
    a, b = (grid.ravel() for grid in np.meshgrid(numbers, numbers))
    found = np.empty((3, len(a)))
    _choices(a, b, found)
    expected = [np.where(a > b, a, b), np.where(a < b, a, b), np.where(a >= b, a, b)]
    assert np.array_equal(found, expected, equal_nan=True)
