"""Faults by chance: which the exchange shows, when, and how hard. Pure and seeded; the simulator knows what each one is."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple


class Strike(NamedTuple):
    """One fault: so many real seconds after the beginning, these fields for the control endpoint."""

    at_s: float
    fields: dict[str, Any]


Kinds = Mapping[str, Callable[[Random], dict[str, Any]]]

#: What each kind may be told; durations in real seconds.
KINDS: Kinds = {
    "drop": lambda dice: {"count": dice.randint(1, 3)} | dice.choice(({}, {"code": 1000}, {"code": 1001}, {"code": 1011})),
    "refuse": lambda dice: {"for_s": dice.uniform(0.3, 2.0), "where": dice.choice(("ws", "rest", "all"))},
    "silent": lambda dice: {"for_s": dice.uniform(0.3, 2.0)},
    "blackhole": lambda dice: {"for_s": dice.uniform(0.5, 4.0)},
    "lifetime": lambda dice: {"for_s": dice.uniform(0.5, 2.0), "s": dice.uniform(1.0, 5.0)},
    "shutdown": lambda dice: {"s": dice.uniform(0.1, 2.0), "count": dice.randint(1, 2)},
    "ignore_subscribe": lambda dice: {"count": dice.randint(1, 2)},
    "too_many": lambda _: {"count": 1},
    "delay": lambda dice: {"for_s": dice.uniform(0.5, 3.0), "ms": dice.uniform(50, 1_500), "chance": 0.3},
    "reorder": lambda dice: {"for_s": dice.uniform(0.5, 3.0), "depth": dice.randint(2, 8)},
    "duplicate": lambda dice: {"for_s": dice.uniform(0.5, 3.0), "copies": dice.randint(2, 4)},
    "omit_closes": lambda dice: {"for_s": dice.uniform(0.5, 3.0), "chance": dice.uniform(0.1, 1.0)},
    "malformed": lambda dice: {"for_s": dice.uniform(0.5, 3.0), "chance": dice.uniform(0.05, 0.5)},
    "revise": lambda dice: {"count": dice.randint(1, 5), "back": dice.randint(0, 3)},
    "http": lambda dice: dice.choice(
        (
            {"status": 429, "retry_after_s": dice.randint(1, 3), "count": dice.randint(1, 3)},
            {"status": 418, "retry_after_s": dice.randint(1, 4), "count": 1},
            *({"status": status, "for_s": 1.5, "chance": 0.5} for status in (403, 451, 500, 503)),
        )
    ),
    "slow_body": lambda dice: {"for_s": dice.uniform(0.3, 2.0), "ms": dice.uniform(100, 3_000), "chance": 0.5},
    "truncated": lambda dice: {"for_s": dice.uniform(0.3, 2.0), "chance": 0.5},
    "not_json": lambda dice: {"for_s": dice.uniform(0.3, 2.0), "chance": 0.5},
    "skew": lambda dice: {"for_s": dice.uniform(0.5, 3.0), "ms": dice.uniform(-5_000, 5_000)},
}


def schedule(seed: int, length_s: float, pause_s: float, kinds: Kinds | None = None) -> list[Strike]:
    """Faults over so many seconds, one about every `pause_s`; every kind at least once where there is time for it."""
    dice, kinds = Random(seed), kinds or KINDS
    number = max(1, int(length_s / pause_s))
    names: list[str] = []
    while len(names) < number:
        names += dice.sample(list(kinds), len(kinds))
    times_s = sorted(dice.uniform(0.0, length_s) for _ in range(number))
    return [Strike(at_s, {"kind": name, **kinds[name](dice)}) for at_s, name in zip(times_s, names, strict=False)]
