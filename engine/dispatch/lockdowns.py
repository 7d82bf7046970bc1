"""What each worker says it has given up, and which of them may therefore be given filters.

A worker speaks of its lockdown once, when it is ready, before the first filter reaches it: so it is believed, and its words
are cleaned all the same.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from engine.dispatch.answers import plain_text
from engine.wire.messages import Ready

#: Most measures, and longest name of one, that are kept.
MEASURES_MAX = 40
NAME_CHARS_MAX = 60
REASON_CHARS_MAX = 200


class Lockdown(NamedTuple):
    """The measures in force in one worker, and those missing with the reason."""

    in_force: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]


class Lockdowns:
    """The lockdown of each worker that is there, by slot."""

    def __init__(self, required: Collection[str] = ()) -> None:
        self._required = frozenset(required)
        self._by_slot: dict[int, Lockdown] = {}
        #: Generation of the last worker that was heard, by slot: only its first word is about its lockdown.
        self._heard: dict[int, int] = {}
        #: The first required measure that a worker lacked, and why; None as long as none did.
        self.refused: tuple[str, str] | None = None

    @property
    def by_slot(self) -> Mapping[int, Lockdown]:
        return self._by_slot

    def ready(self, slot: int, generation: int, said: Ready) -> str:
        """Keep what a worker said first; returns why it may not be given filters, or nothing."""
        if generation <= self._heard.get(slot, 0):
            return ""
        self._heard[slot] = generation
        missing = tuple((_short(name, NAME_CHARS_MAX), _short(why, REASON_CHARS_MAX)) for name, why in said.missing)
        in_force = tuple(_short(name, NAME_CHARS_MAX) for name in said.in_force[:MEASURES_MAX])
        self._by_slot[slot] = Lockdown(in_force, missing[:MEASURES_MAX])
        reasons = dict(missing)
        for name in sorted(self._required - set(in_force)):
            reason = reasons.get(name, "the worker does not speak of it")
            self.refused = self.refused or (name, reason)
            return f"{name} not in force: {reason}"
        return ""

    def lost(self, slot: int) -> None:
        """That worker is gone."""
        self._by_slot.pop(slot, None)


def _short(text: str, chars_max: int) -> str:
    return plain_text(text)[:chars_max]
