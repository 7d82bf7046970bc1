"""`python -m tests.simulation.run [--feeds] --seeds N [--seed S]`: N worlds, the first of seed S.

Without `--feeds` worlds of workers, with it worlds of feeds. A failure says how to replay it.
"""

import argparse
import sys
import time
import traceback

from tests.simulation import feeds_world, world


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="number of worlds")
    parser.add_argument("--seed", type=int, default=1, help="first seed")
    parser.add_argument("--feeds", action="store_true", help="worlds of feeds instead of workers")
    arguments = parser.parse_args()
    begun = time.perf_counter()
    steps = outcomes = 0
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        one = feeds_world.World(seed) if arguments.feeds else world.World(seed)
        try:
            one.run()
        except Exception:
            traceback.print_exc()
            kind = "--feeds " if arguments.feeds else ""
            print(f"seed {seed}, step {one.steps}; replay: python -m tests.simulation.run {kind}--seed {seed}", file=sys.stderr)
            return 1
        steps += one.steps
        outcomes += one.told if isinstance(one, feeds_world.World) else one.ledger.ended
    seconds = time.perf_counter() - begun
    what = "closes told of" if arguments.feeds else "questions"
    print(f"{arguments.seeds} seeds, {steps} steps, {outcomes} {what} in {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
