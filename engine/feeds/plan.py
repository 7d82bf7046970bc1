"""Which stream travels on which connection. Pure: wish and world in, changes out.

A stream that has a place keeps it: adding an interval never moves another stream, so nothing is missed by it. New streams
fill connections that have room, in the order of their numbers, before another connection is opened.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field


@dataclass(slots=True)
class Changes:
    """What leads from the world to the wish; connections are named by number, streams in a fixed order."""

    subscribe: dict[int, list[str]] = field(default_factory=dict)
    unsubscribe: dict[int, list[str]] = field(default_factory=dict)
    open: dict[int, list[str]] = field(default_factory=dict)
    close: list[int] = field(default_factory=list)


def plan(
    needed: Sequence[str],
    current: Mapping[int, AbstractSet[str]],
    max_streams: int,
    capacity: Mapping[int, int] | None = None,
) -> Changes:
    """Changes after which exactly the streams `needed` (each once, most urgent first) are on connections.

    `current` holds the streams of each connection; no connection gets more than `max_streams`, nor those named in `capacity`
    more than that says. What is in place already stays, though it be more.
    """
    changes = Changes()
    wish = set(needed)
    placed: set[str] = set()
    room: dict[int, int] = {}
    empty: list[int] = []
    for number in sorted(current):
        # A stream on two connections would be delivered twice: the later one goes.
        kept = (current[number] & wish) - placed
        placed |= kept
        gone = sorted(current[number] - kept)
        if gone:
            changes.unsubscribe[number] = gone
        room[number] = min(max_streams, (capacity or {}).get(number, max_streams)) - len(kept)
        if not kept:
            empty.append(number)
    _place([name for name in dict.fromkeys(needed) if name not in placed], room, max_streams, changes)
    for number in empty:
        if number not in changes.subscribe:
            changes.unsubscribe.pop(number, None)
            changes.close.append(number)
    return changes


def _place(names: list[str], room: dict[int, int], max_streams: int, changes: Changes) -> None:
    start = 0
    for number, free in room.items():
        part = names[start : start + max(0, free)]
        if part:
            changes.subscribe[number] = part
            start += len(part)
    number = max(room, default=-1)
    while start < len(names):
        number += 1
        changes.open[number] = names[start : start + max_streams]
        start += max_streams
