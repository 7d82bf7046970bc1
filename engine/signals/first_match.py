"""First matches: a signal is a match of a symbol that did not match before. Pure state of one version of one trader.

The state of a symbol is the instant up to which it was asked (its cursor) and whether it matched then. It is stored in the
same transaction as the signals that follow from it, so a crash neither loses nor doubles one: an answer for an instant at or
before the cursor has been counted and changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from engine.base.errors import SpoolError


class _Stored(msgspec.Struct, array_like=True):
    """Names joined by a space, a bit a symbol that matched, the most common cursor, and the differences from it."""

    names: str
    matched: bytes
    cursor_ms: int
    others: dict[int, int]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Stored)


class MatchState:
    """What one version of one trader has answered so far, by symbol name."""

    __slots__ = ("_cursor_ms", "_matched")

    def __init__(self) -> None:
        self._cursor_ms: dict[str, int] = {}
        self._matched: set[str] = set()

    def apply(self, as_of_ms: int, asked: Iterable[str], matches: Iterable[str], unknown: Iterable[str] = ()) -> list[str]:
        """Take in the answers as of one instant; returns the symbols that began to match, in the order of `asked`.

        `asked` are all symbols the answer is about, `matches` those the filter said yes to, `unknown` those it failed on or
        could not be asked about: they keep what they were, and are done with at this instant.
        """
        yes, silent = frozenset(matches), frozenset(unknown)
        cursor_ms, matched = self._cursor_ms, self._matched
        began = []
        for symbol in asked:
            if cursor_ms.get(symbol, -1) >= as_of_ms:
                continue
            cursor_ms[symbol] = as_of_ms
            if symbol in silent:
                continue
            if symbol not in yes:
                matched.discard(symbol)
            elif symbol not in matched:
                matched.add(symbol)
                began.append(symbol)
        return began

    def cursor_ms(self, symbol: str) -> int | None:
        """The last instant this symbol was asked about, or None."""
        return self._cursor_ms.get(symbol)

    def is_matched(self, symbol: str) -> bool:
        """Whether the symbol matched when it was last asked."""
        return symbol in self._matched

    def cursors_ms(self) -> Mapping[str, int]:
        """All cursors by symbol."""
        return self._cursor_ms

    def keep_only(self, symbols: Iterable[str]) -> None:
        """Forget symbols that the trader does not ask about any more."""
        kept = frozenset(symbols)
        self._cursor_ms = {symbol: cursor for symbol, cursor in self._cursor_ms.items() if symbol in kept}
        self._matched &= kept

    def forget_later(self, than_ms: int) -> int:
        """Forget symbols that were asked about later than that instant, and return how many those were."""
        later = [symbol for symbol, cursor in self._cursor_ms.items() if cursor > than_ms]
        self.keep_only(self._cursor_ms.keys() - set(later))
        return len(later)

    def encode(self) -> bytes:
        """Compact bytes: about the length of the names, as most symbols share one cursor."""
        names = list(self._cursor_ms)
        cursors = list(self._cursor_ms.values())
        common = Counter(cursors).most_common(1)[0][0] if cursors else 0
        others = {index: cursor for index, cursor in enumerate(cursors) if cursor != common}
        bits = 0
        for index, name in enumerate(names):
            if name in self._matched:
                bits |= 1 << index
        matched = bits.to_bytes((len(names) + 7) // 8, "little")
        return _ENCODER.encode(_Stored(" ".join(names), matched, common, others))

    @classmethod
    def decode(cls, body: bytes) -> "MatchState":
        """The state of these bytes; raises SpoolError when they are not a state."""
        try:
            stored = _DECODER.decode(body)
        except msgspec.DecodeError as error:
            advice = "move the spool directory away to begin anew"
            raise SpoolError("match state in the spool cannot be read", str(error), advice) from error
        state = cls()
        bits = int.from_bytes(stored.matched, "little")
        for index, name in enumerate(stored.names.split()):
            state._cursor_ms[name] = stored.others.get(index, stored.cursor_ms)
            if bits >> index & 1:
                state._matched.add(name)
        return state
