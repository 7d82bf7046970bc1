"""What ends the interpreter itself, with nothing forbidden in the source."""

#: (body or whole source); a fault, or the end of this worker alone.
DEADLY = [
    "x = ()\n    for _ in range(10 ** 6): x = (x,)\n    return {x}",
    "x = ()\n    for _ in range(10 ** 6): x = (x,)\n    return {x: 1}",
    "m = [1]\n    for _ in range(10 ** 5): m = map(abs, m)\n    return sum(m)",
    "m = [1]\n    for _ in range(10 ** 6): m = filter(None, m)\n    return list(m)",
    "m = [1]\n    for _ in range(10 ** 6): m = zip(m)\n    return list(m)",
    "m = [1]\n    for _ in range(10 ** 6): m = enumerate(m)\n    return list(m)",
    "m = map(abs, [1])\n    for _ in range(10 ** 6): m = map(abs, m)\n    return False",
    "f = lambda: 1\n    for _ in range(10 ** 6): f = (lambda g: lambda: g())(f)\n    return f()",
    "g = iter([1])\n    for _ in range(10 ** 5): g = (x for x in g)\n    return list(g)",
    "x = slice(1)\n    for _ in range(10 ** 6): x = slice(x)\n    return x == x",
    "x = ()\n    for _ in range(10 ** 6): x = (x,)\n    return x == ((x,),)",
]
