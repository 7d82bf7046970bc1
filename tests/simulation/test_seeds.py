"""A few hundred worlds of disasters; `make simulate SEEDS=10000` runs more."""

import pytest

from tests.simulation.world import World

SEEDS = 300
CHUNK = 25


@pytest.mark.parametrize("first", range(1, SEEDS + 1, CHUNK))
def test_no_question_is_lost_or_answered_twice_whatever_happens(first: int) -> None:
    for seed in range(first, first + CHUNK):
        try:
            World(seed).run()
        except Exception as error:
            raise AssertionError(f"replay: python -m tests.simulation.run --seed {seed}") from error


def test_a_seed_replays_exactly() -> None:
    first, second = World(42), World(42)
    first.run()
    second.run()
    assert (first.steps, first.ledger.ended, first.now) == (second.steps, second.ledger.ended, second.now)
    assert first.ledger.ended > 0
