"""What the HTTP interface may ask of an engine; the supervisor implements it, tests may too."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: A JSON object.
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """One callable for each question; all but the awaitable ones answer at once from memory."""

    health: Callable[[], Document]
    ready: Callable[[], bool]
    status: Callable[[], Document]
    metrics: Callable[[], bytes]
    traders: Callable[[], Sequence[Document]]
    #: `signals(since_iso, limit)`, newest last.
    signals: Callable[[str, int], Awaitable[Sequence[Document]]]
    reload_traders: Callable[[], Awaitable[Document]]
    #: `resume_trader(name_or_id)` ends a pause.
    resume_trader: Callable[[str], Awaitable[Document]]
    #: `resize(workers)` answers when they are there.
    resize: Callable[[int], Awaitable[Document]]
    prepare_shutdown: Callable[[], Awaitable[Document]]
    shutdown: Callable[[], Document]
