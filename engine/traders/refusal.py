"""Why a version of a trader does not run: where in its code, what stands there, and what is wrong with it. Pure.

A version that is refused is not tried again; the version that ran before it goes on, until the engine is started anew: only
the newest code of a trader is stored.
"""

from typing import Any, NamedTuple

from engine.wire.messages import FilterRefusal


class Refusal(NamedTuple):
    """One version that was refused; line and column count from 1 and are 0 where no place is to blame."""

    version: int
    message: str
    line: int = 0
    column: int = 0
    construct: str = ""

    @classmethod
    def by_worker(cls, version: int, said: FilterRefusal) -> "Refusal":
        """What a worker said of it."""
        return cls(version, said.message, said.line, said.column, said.construct)

    def text(self, running: int | None) -> str:
        """In one line, with the version that goes on, if one does."""
        where = f"line {self.line}, column {self.column}: " if self.line else ""
        goes_on = f"version {self.version} is refused, version {running} goes on: " if running is not None else ""
        return f"{goes_on}{where}{self.message}"

    def document(self) -> dict[str, Any]:
        """What status, API and commands tell of it."""
        return {
            "version": self.version,
            "line": self.line or None,
            "column": self.column or None,
            "construct": self.construct or None,
            "message": self.message,
        }
