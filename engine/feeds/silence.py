"""Which series have been silent for longer than is usual for them. Pure; time is passed in, in real seconds.

The exchange tells of a bar about every two seconds, but only when somebody trades: nobody can say beforehand how long a rare
coin may be silent. So each series' own gaps are learnt. A silence that is too long is no proof, only a reason to ask; and when
the answer is that nobody traded, the next question waits twice as long.

Kept as columns, because a feed looks at thousands of series a few times a second.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

#: No silence shorter than this, in seconds, gives rise to a question: three to four of the exchange's updates. With the question
#: itself and `CONFIRM_S` a lost stream is found within ten seconds.
PATIENCE_MIN_S = 7.0
#: A silence is too long beyond so many times the usual longest one.
PATIENCE_FACTOR = 2.0
#: Longest silence that goes unasked, in seconds, however rarely a coin is traded.
PATIENCE_MAX_S = 600.0
#: With each event the usual longest gap comes down to the latest by this share, or up to it at once.
LEARNING = 0.1
#: So many seconds may pass from a trade to the event that tells of it; only after them an answer shows that the stream is lost.
CONFIRM_S = 2.5

Mask = npt.NDArray[np.bool_]
Column = npt.NDArray[np.float64]


class Silence:
    """For each series, by position: when it was last heard, its usual longest gap, and how long it may be silent."""

    def __init__(self) -> None:
        self.heard_s: Column = np.empty(0)
        self.usual_s: Column = np.empty(0)
        self.patience_s: Column = np.empty(0)
        #: Whether the gap that ends with the next event tells anything: not after a connection was lost.
        self._learns: Mask = np.empty(0, np.bool_)

    def add(self, count: int, now_s: float) -> None:
        """So many more series, at the end, of which nothing is known."""
        self.heard_s = np.append(self.heard_s, np.full(count, now_s))
        self.usual_s = np.append(self.usual_s, np.zeros(count))
        self.patience_s = np.append(self.patience_s, np.full(count, PATIENCE_MIN_S))
        self._learns = np.append(self._learns, np.zeros(count, np.bool_))

    def remove(self, positions: Sequence[int]) -> None:
        """These series are gone; those behind them move up."""
        self.heard_s = np.delete(self.heard_s, positions)
        self.usual_s = np.delete(self.usual_s, positions)
        self.patience_s = np.delete(self.patience_s, positions)
        self._learns = np.delete(self._learns, positions)

    def hear(self, heard: Mask, now_s: float) -> None:
        """Events came for these series since the last look."""
        gap_s = now_s - self.heard_s[heard]
        usual_s = self.usual_s[heard]
        learnt_s = np.maximum(gap_s, usual_s + (gap_s - usual_s) * LEARNING)
        usual_s = np.where(self._learns[heard], learnt_s, usual_s)
        self.usual_s[heard] = usual_s
        self.patience_s[heard] = np.clip(usual_s * PATIENCE_FACTOR, PATIENCE_MIN_S, PATIENCE_MAX_S)
        self.heard_s[heard] = now_s
        self._learns[heard] = True

    def restart(self, position: int, now_s: float, *, doubted: bool = False) -> None:
        """The stream begins (again): its silence counts from now, and the gap until its first event says nothing.

        One that is `doubted`, as it has just been found lost, is given no more patience than a new one.
        """
        self.heard_s[position] = now_s
        self._learns[position] = False
        usual_s = 0.0 if doubted else self.usual_s[position] * PATIENCE_FACTOR
        self.patience_s[position] = min(max(usual_s, PATIENCE_MIN_S), PATIENCE_MAX_S)

    def vain(self, position: int, now_s: float) -> None:
        """Nobody had traded when the exchange was asked."""
        silent_s = float(now_s - self.heard_s[position])
        self.patience_s[position] = max(self.patience_s[position], min(2 * silent_s, silent_s + PATIENCE_MAX_S))

    def too_long(self, now_s: float) -> Mask:
        """Which series are silent beyond their patience."""
        return now_s - self.heard_s > self.patience_s

    def urgency(self, positions: Sequence[int], now_s: float) -> list[int]:
        """These positions, the one first whose silence is longest compared with its patience."""
        beyond = (now_s - self.heard_s[positions]) / self.patience_s[positions]
        return [positions[place] for place in np.argsort(-beyond, kind="stable")]


class Questions:
    """How many questions may be asked because of silence: a few a second over all series."""

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left = burst
        self._at_s: float | None = None

    def allowed(self, now_s: float) -> int:
        """How many may be asked now."""
        if self._at_s is not None:
            self._left = min(self._burst, self._left + max(0.0, now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        return int(self._left)

    def asked(self, count: int) -> None:
        """So many were."""
        self._left -= count
