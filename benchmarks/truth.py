"""What a feed says held against what the exchange produced, bar by bar. Pure: rows in, sentences about lies out."""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

from engine.base.types import Kline

#: Of one series, so many bars of a kind are named.
NAMED_MAX = 3


class Story(NamedTuple):
    """All that was learned about one series."""

    name: str
    length_ms: int
    #: Closed bars in shared memory.
    held: Sequence[Kline]
    #: Closed bars of the exchange over the same time.
    truth: Sequence[Kline]
    #: Open times of announced bars, as they came; read after the bars.
    told: Sequence[int]
    #: Bars from here on must be held.
    from_ms: int
    #: Bars that close later must have been announced.
    joined_ms: int
    #: Bars that had closed by then must be held.
    complete_ms: int
    #: Bars that the exchange changed when nobody could hear it: what is held of them was true once.
    unheard: Collection[int] = ()


def differing(story: Story) -> list[int]:
    """Open times of bars that are held with other numbers than the exchange has now."""
    truth = {row.open_time: row for row in story.truth}
    return [row.open_time for row in story.held if row.open_time in truth and row != truth[row.open_time]]


def lies(story: Story) -> list[str]:
    """What is wrong with a series, one sentence each; empty when every closed bar is there once, right and announced once."""
    found: list[str] = []
    length_ms = story.length_ms
    truth = {row.open_time: row for row in story.truth}
    held = {row.open_time: row for row in story.held}

    def say(what: str, opens_ms: Sequence[int]) -> None:
        if opens_ms:
            found.append(f"{story.name}: {len(opens_ms)} bars {what}, first {list(opens_ms[:NAMED_MAX])}")

    say("out of order or twice", [after.open_time for before, after in pairwise(story.held) if after[0] <= before[0]])
    say("invented", [opened for opened in held if opened not in truth and opened >= story.from_ms])
    due = [opened for opened in truth if story.from_ms <= opened and opened + length_ms <= story.complete_ms]
    say("missing", [opened for opened in due if opened not in held])
    say("wrong", [opened for opened in differing(story) if opened not in story.unheard])
    say("announced out of order or twice", [after for before, after in pairwise(story.told) if after <= before])
    told = set(story.told)
    # What was told after the memory was looked at is not held against it.
    settled_ms = max(story.complete_ms - length_ms, max(held, default=0))
    looked_at = range(min(held, default=0), settled_ms + 1)
    say("announced but not held", sorted(opened for opened in told if opened not in held and opened in looked_at))
    say("never announced", [opened for opened in held if opened + length_ms > story.joined_ms and opened not in told])
    return found
