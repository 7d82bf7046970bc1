"""Loops in C, which no exception ends; the hard limit does."""

#: (body or whole source); a fault, or the end of this worker alone.
DEADLY = [
    "return sum(range(10 ** 13))",
    "return sum(iter(int, 1))",
    "return max(iter(int, 1))",
    "return 1 in iter(int, 1)",
    "return 1.5 in range(10 ** 15)",
    "return range(10 ** 15).count(1.5)",
    "return range(10 ** 15).index(1.5)",
    "return set(iter(int, 1))",
    "return dict.fromkeys(iter(int, 1))",
    "return all(iter(bool, True)) or any(iter(int, 1))",
    "return np.convolve(np.ones(4 * 10 ** 6), np.ones(4 * 10 ** 6))",
    "return np.correlate(np.ones(4 * 10 ** 6), np.ones(4 * 10 ** 6), 'full')",
    "return np.broadcast_to(1.0, (10 ** 13,)).sum()",
    "return np.outer(close, np.broadcast_to(1.0, (10 ** 13,))[:1]).sum() + np.broadcast_to(1, (10 ** 13,)).max()",
    "return ('a' * 10 ** 8).count('a' * 10 ** 7 + 'b')",
    "return next(filter(None, iter(int, 1)))",
    "return math.fsum(iter(float, 1.0))",
    "return math.gcd(3 ** 10 ** 6, 2 ** 10 ** 7 + 1) > 5",
    "x = [1] * 10 ** 4\n    y = [x] * 10 ** 4\n    return [y] * 10 ** 4 == [[[1] * 10 ** 4] * 10 ** 4] * 10 ** 4",
]
