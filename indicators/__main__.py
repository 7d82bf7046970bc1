"""`python -m indicators` compiles all kernels into the cache, with all CPUs; with names, those, in this process."""

import sys

import indicators


def main(names: list[str]) -> int:
    """Exit code: 0 done, 1 a name is unknown or compiling failed."""
    try:
        if names:
            indicators.warm(names)
        else:
            built = indicators.build(progress=_tell)
            print(f"compiled: {', '.join(built)}" if built else "all kernels were compiled already")
    except indicators.IndicatorError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _tell(done: int, total: int, name: str) -> None:
    print(f"compiled {done}/{total} {name}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
