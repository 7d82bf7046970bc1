"""How much one answer may say: bytes of details and of faults' texts, shared out among the results of a task. Pure.

An answer must stay below what the supervisor takes, or it would be lost whole. Who says little leaves the rest to those after
him; nobody can take from what belongs to those.
"""

from typing import Final

#: Details and texts of one answer, in bytes; below a message's bound by what numbers and names of the largest task take.
ANSWER_BYTES_MAX: Final = 4 * 1024 * 1024
#: Of one filter over the symbols of one item.
RESULT_BYTES_MAX: Final = 256 * 1024


class Room:
    """The bytes of one answer."""

    def __init__(self, results: int) -> None:
        self._share = ANSWER_BYTES_MAX // max(results, 1)
        #: Not used yet of all shares until now; and what the result in hand may still take of it.
        self._unused = 0
        self._left = 0

    def open(self) -> None:
        """For the next result, what those before it have left included."""
        self._unused += self._share
        self._left = min(self._unused, RESULT_BYTES_MAX)

    def take(self, text: str) -> bool:
        """Whether this text fits as well; if so it is booked."""
        size = len(text) if text.isascii() else len(text.encode())
        if size > self._left:
            return False
        self._left -= size
        self._unused -= size
        return True
