"""`python -m tests.simulation.run --seeds N [--seed S]`: N worlds, the first of seed S; a failure says how to replay it."""

import argparse
import sys
import time
import traceback

from tests.simulation.world import World


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="number of worlds")
    parser.add_argument("--seed", type=int, default=1, help="first seed")
    arguments = parser.parse_args()
    begun = time.perf_counter()
    steps = questions = 0
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        world = World(seed)
        try:
            world.run()
        except Exception:
            traceback.print_exc()
            print(f"seed {seed}, step {world.steps}; replay: python -m tests.simulation.run --seed {seed}", file=sys.stderr)
            return 1
        steps += world.steps
        questions += world.ledger.ended
    seconds = time.perf_counter() - begun
    print(f"{arguments.seeds} seeds, {steps} steps, {questions} questions in {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
