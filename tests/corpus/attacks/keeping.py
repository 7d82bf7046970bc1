"""Keeping something from symbol to symbol or from step to step; each would say yes once it has."""

#: (module level, statement of check, what is true once something was kept)
KEPT = [
    ("seen = []", "seen.append(1)", "len(seen) > 1"),
    ("seen: list = []", "seen.append(1)", "len(seen) > 1"),
    ("seen: dict = {'n': 0}", "seen['n'] += 1", "seen['n'] > 1"),
    ("a = b = (c := [])", "c.append(1)", "len(c) > 1"),
    ("X: int = (c := [1])[0]", "c.append(1)", "len(c) > 2"),
    ("t = (1, (2, []))", "t[1][1].append(1)", "len(t[1][1]) > 1"),
    ("t: tuple = ([],)", "t[0].append(1)", "len(t[0]) > 1"),
    ("s = set()", "s.add(len(s))", "len(s) > 1"),
    ("it = iter(range(100))", "pass", "next(it) > 0"),
    ("g = (x for x in range(100))", "pass", "next(g) > 0"),
    ("e = enumerate('abcdef')", "pass", "next(e)[0] > 0"),
    ("table = np.zeros(3)", "table[0] += 1", "table[0] > 1"),
    ("table: float = np.zeros(3)", "table[0] += 1", "table[0] > 1"),
    ("def f(seen=[]):\n    seen.append(1)\n    return len(seen)", "pass", "f() > 1"),
    ("def f(*, seen=[]):\n    seen.append(1)\n    return len(seen)", "pass", "f() > 1"),
    ("f = lambda seen=[]: seen.append(1) or len(seen)", "pass", "f() > 1"),
    ("f: int = lambda seen=[]: seen.append(1) or len(seen)", "pass", "f() > 1"),
    ("def f(seen=(y := [])):\n    seen.append(1)\n    return len(y)", "pass", "f() > 1"),
    ("A, B = [], 1", "A.append(1)", "len(A) > 1"),
    ("*A, = 1, 2", "A.append(1)", "len(A) > 3"),
    ("A, (*B, C) = 1, 'ab'", "B.append(1)", "len(B) > 2"),
    ("A = [[]] * 2", "A[0].append(1)", "len(A[1]) > 1"),
    ("add = [].append", "pass", "add(1) is not None"),
    ("pop = [1, 2, 3].pop", "pass", "pop() < 3"),
]

RUNS = [
    (f"{head}\ndef check(ticker, klines, ta):\n    {statement}\n    return len(klines['5m']) > 0 and {kept}", "no")
    for head, statement, kept in KEPT
]
