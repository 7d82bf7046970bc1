"""The kinds of faults the simulator can show, what each of them may be told, and where it acts.

A table and nothing else: reading a fault is `faulttext`, deciding whether it strikes is `faults`.
"""

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

#: Who acts: the keeper of sockets, the opening of a socket, a client's message, an event on its way, a reply, the clock.
Place = Literal["sockets", "openings", "messages", "events", "closes", "replies", "clock"]

MINUTE_S: Final = 60.0
HOUR_S: Final = 3_600.0
DAY_S: Final = 86_400.0
DAY_MS: Final = 86_400_000.0


class Number(NamedTuple):
    """A number a fault may be told: its range, and what holds when it is not told (None: it stays open)."""

    low: float
    high: float
    default: float | None = None
    whole: bool = False
    required: bool = False


class Word(NamedTuple):
    """A word a fault may be told; `choices` empty: any."""

    choices: tuple[str, ...] = ()
    default: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: where it acts, its own numbers and words, and whether it knows symbols, occasions and repetition."""

    place: Place
    numbers: dict[str, Number] = field(default_factory=dict)
    words: dict[str, Word] = field(default_factory=dict)
    #: Whether it can be limited to symbols and intervals.
    by_stream: bool = True
    #: Whether it strikes at occasions, so that `count` and `chance` mean something.
    by_occasion: bool = True


#: How an event can be spoiled; see `malformed`.
FORMS: Final = ("cut", "garbage", "empty", "number", "missing", "order", "negative", "grid", "future", "symbol", "binary", "utf8")
CLOSE_CODE: Final = Number(1_000, 4_999, whole=True)
STATUSES: Final = (403, 418, 429, 451, 500, 502, 503, 504)
PATH: Final = Word()

KINDS: Final[dict[str, Kind]] = {
    "drop": Kind("sockets", {"code": CLOSE_CODE, "every_s": Number(0.05, DAY_S)}),
    "blackhole": Kind("sockets"),
    "lifetime": Kind("sockets", {"s": Number(0, DAY_S, required=True), "code": CLOSE_CODE._replace(default=1_001)}),
    "shutdown": Kind("sockets", {"s": Number(0, HOUR_S, 1.0), "code": CLOSE_CODE._replace(default=1_001)}),
    "refuse": Kind("openings", {"status": Number(400, 599, whole=True)}, {"where": Word(("ws", "rest", "all"), "ws")}, False),
    "silent": Kind("openings", by_stream=False),
    "ignore_subscribe": Kind("messages"),
    "too_many": Kind("messages", by_stream=False),
    "delay": Kind("events", {"ms": Number(0, DAY_MS, required=True)}, {"events": Word(("all", "closes", "updates"), "all")}),
    "reorder": Kind(
        "events",
        {"depth": Number(1, 1_000, 3, whole=True), "ms": Number(1, DAY_MS, 1_000)},
        {"events": Word(("all", "closes", "updates"), "all")},
    ),
    "duplicate": Kind("events", {"copies": Number(2, 100, 2, whole=True)}, {"events": Word(("all", "closes", "updates"), "all")}),
    "omit_closes": Kind("events"),
    "malformed": Kind("events", {}, {"form": Word(FORMS), "events": Word(("all", "closes", "updates"), "all")}),
    "revise": Kind("closes", {"back": Number(0, 1_000, 1, whole=True)}),
    "http": Kind(
        "replies",
        {"status": Number(400, 599, whole=True, required=True), "retry_after_s": Number(0, 3 * DAY_S, whole=True)},
        {"path": PATH, "body": Word(("json", "html"))},
    ),
    "slow_body": Kind("replies", {"ms": Number(0, DAY_MS, required=True)}, {"path": PATH}),
    "truncated": Kind("replies", {}, {"path": PATH}),
    "not_json": Kind("replies", {}, {"path": PATH}),
    "skew": Kind("clock", {"ms": Number(-DAY_MS, DAY_MS, required=True)}, by_stream=False, by_occasion=False),
}
