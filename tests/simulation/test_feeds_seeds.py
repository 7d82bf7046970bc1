"""A few hundred worlds in which the exchange, its network and its clock do what they must not; `make simulate` runs more."""

import pytest

from tests.simulation.feeds_world import World

SEEDS = 160
CHUNK = 20


@pytest.mark.parametrize("first", range(1, SEEDS + 1, CHUNK))
def test_whatever_happens_every_bar_is_there_once_and_right(first: int) -> None:
    for seed in range(first, first + CHUNK):
        try:
            World(seed).run()
        except Exception as error:
            raise AssertionError(f"replay: python -m tests.simulation.run --feeds --seed {seed}") from error


def test_a_seed_replays_exactly() -> None:
    first, second = World(7), World(7)
    first.run()
    second.run()
    assert (first.steps, first.told) == (second.steps, second.told)
    assert first.told > 0
