"""Why a trader does not run although its owner has not switched it off, and what brings it back. Pure.

A pause belongs to one version: a change of the trader ends it. The one that the circuit breaker makes does not end by itself,
not by a new version either; its owner has to resume the trader. The rows travel through `engine.persistence`, which this
package does not know.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple

from engine.base.clock import iso_utc

#: `strikes`: overran, ran out of memory or answered nonsense too often; `killed`: ended the workers that ran it, or could
#: not keep up;
#: `flood`: too many signals in an hour; `breaker`: so many that further ones were not stored.
Kind = Literal["strikes", "killed", "flood", "breaker"]

#: How loud each is in the records of the machine.
SEVERITY: Final[Mapping[str, str]] = {"strikes": "error", "killed": "error", "flood": "warning", "breaker": "critical"}

ADVICE: Final[Mapping[str, str]] = {
    "strikes": "make the filter cheaper or mend its answers and store it again, or: engine trader resume",
    "killed": "find what loops, crashes, eats memory or takes so long, and store it again, or: engine trader resume",
    "flood": "make the filter more selective and store it again, or: engine trader resume",
    "breaker": "make the filter more selective, then: engine trader resume (a new version alone does not start it)",
}


class Pause(NamedTuple):
    """One pause; `since_ms` in ms since the epoch, by this machine's clock."""

    trader_id: str
    version: int
    kind: str
    reason: str
    since_ms: int

    def holds(self, version: int) -> bool:
        """Whether it keeps that version of the trader from running."""
        return self.kind == "breaker" or self.version == version

    @property
    def severity(self) -> str:
        """How loud it is in the records of the machine."""
        return SEVERITY.get(self.kind, "error")

    def document(self) -> dict[str, Any]:
        """What status, API and commands tell of it."""
        return {
            "kind": self.kind,
            "reason": self.reason,
            "since": iso_utc(self.since_ms),
            "version": self.version,
            "advice": ADVICE.get(self.kind, "engine trader resume"),
        }


def read_pauses(rows: Iterable[Mapping[str, Any]]) -> dict[str, Pause]:
    """By trader id, the pauses in these rows of `trader_pauses`."""
    found = {}
    for row in rows:
        since_ms = round(row["since"].timestamp() * 1e3)
        found[row["trader_id"]] = Pause(row["trader_id"], row["version"], row["kind"], row["reason"], since_ms)
    return found
