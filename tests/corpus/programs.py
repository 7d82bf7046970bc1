"""Programs by chance, made of what the policy allows: most of them are nonsense, and none may do more than fail."""

import random
from typing import Final

from indicators import catalog
from workers import vocabulary

#: How deep expressions and blocks go.
DEPTH_MAX: Final = 3
NUMBERS: Final = ("0", "1", "2", "3", "-1", "0.5", "-2.5", "1e9", "True", "False", "None", "float('nan')", "np.inf")
TEXTS: Final = ("''", "'a'", "'5m'", "'ä\\x1b'", "'now'", "'%s'", "'1.5'", "'float'", "'\\ud800'")
NAMES: Final = ("five", "close", "ticker", "klines", "ta", "np", "math", "a", "b", "helper", "check", "TABLE")
OPERATORS: Final = ("+", "-", "*", "/", "//", "%", "@", "&", "|", "^", "<", "<=", "==", "!=", "in", "not in", "is", "and", "or")
METHODS: Final = sorted(vocabulary.METHODS - {"astype"} | vocabulary.BAR_ATTRIBUTES | vocabulary.TICKER_ATTRIBUTES)
BUILTINS: Final = sorted(vocabulary.BUILTINS)
NUMPY: Final = sorted(vocabulary.NUMPY)
MATH: Final = sorted(vocabulary.MATH)
KEYWORDS: Final = sorted(vocabulary.KEYWORDS)
EXCEPTIONS: Final = sorted(vocabulary.EXCEPTIONS)
INDICATORS: Final = ("rsi", "ema", "sma", "macd", "bbands", "atr", "crossed_above", "obv", "kama")


class Writer:
    """One program."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def program(self) -> str:
        """A whole filter."""
        table = self._one(("[1, 2, [3]]", "{'a': 1}", "(1, 2)", "np.zeros(3)", self.expression(1)))
        head = f"TABLE = {table}\ndef helper(x, y=1, *rest):\n    a, b = x, y\n{self._block(1, DEPTH_MAX - 1)}"
        body = "    five, close, a, b = klines['1m'], klines['1m'].close, 1, [1, 2]\n"
        return f"{head}def check(ticker, klines, ta):\n{body}{self._block(1, 0)}    return {self.expression(0)}\n"

    def _one(self, choices):
        return self._random.choice(choices)

    def _few(self, most=3):
        return range(self._random.randint(0, most))

    # --- expressions --------------------------------------------------------------------------------------------------

    def expression(self, depth: int) -> str:
        if depth >= DEPTH_MAX:
            return self._one((*NUMBERS, *TEXTS, *NAMES, *NAMES, "close", "close[-1]"))
        kinds = ("call", "call", "call", "method", "method", "operator", "subscript", "collection", "loop", "other", "indicator")
        made: str = getattr(self, f"_{self._one(kinds)}")(depth + 1)
        return made

    def _thing(self, depth: int) -> str:
        """Something whose parts may have any name."""
        found = self.expression(depth)
        return "five" if found in ("ta", "np", "math", "klines") else found

    def _function(self) -> str:
        return self._one(
            (self._one(BUILTINS), f"np.{self._one(NUMPY)}", f"np.{self._one(NUMPY)}", f"math.{self._one(MATH)}", "helper")
        )

    def _arguments(self, depth: int) -> str:
        given = [self.expression(depth) for _ in self._few()]
        given += [f"*{self.expression(depth)}"] * (self._random.random() < 0.05)
        given += [
            f"{key}={self.expression(depth)}" for key in {self._one(KEYWORDS)} if self._random.random() < 0.15 and key != "dtype"
        ]
        return ", ".join(given)

    def _call(self, depth: int) -> str:
        return f"{self._function()}({self._arguments(depth)})"

    def _method(self, depth: int) -> str:
        name = self._one(METHODS)
        return f"({self._thing(depth)}).{name}" + (f"({self._arguments(depth)})" if self._random.random() < 0.7 else "")

    def _operator(self, depth: int) -> str:
        return f"({self.expression(depth)} {self._one(OPERATORS)} {self.expression(depth)})"

    def _subscript(self, depth: int) -> str:
        key = self._one(("-1", "0", "::2", "-3:", "...", "None", "'1m'", self.expression(depth)))
        return f"({self._thing(depth)})[{key}]"

    def _collection(self, depth: int) -> str:
        parts = [self.expression(depth) for _ in self._few()]
        pairs = ", ".join(f"{self.expression(depth)}: {part}" for part in parts)
        return self._one((f"[{', '.join(parts)}]", f"({', '.join([*parts, ''])})" if parts else "()", f"{{{pairs}}}"))

    def _loop(self, depth: int) -> str:
        value, source = self.expression(depth), self.expression(depth)
        test = f" if {self.expression(depth)}" if self._random.random() < 0.3 else ""
        return self._one(
            (f"[{value} for a in {source}{test}]", f"{{{value} for a in {source}{test}}}", f"list({value} for b in {source})")
        )

    def _other(self, depth: int) -> str:
        one, two, three = (self.expression(depth) for _ in range(3))
        shapes = (
            f"({one} if {two} else {three})",
            f"(lambda a, b=1: {one})({two})",
            "f'{a!r} {b} {close:>9}'",
            f"(not {one})",
        )
        return self._one(
            (*shapes, f"(-{one})", f"(a := {one})", f"np.asarray({one}, float)", f"sorted({one}, key=lambda a: {two})")
        )

    def _indicator(self, depth: int) -> str:
        name = self._one(INDICATORS)
        entry = catalog.BY_NAME[name]
        series = [self._one(("close", "close", "five.high", self.expression(depth))) for _ in entry.inputs]
        numbers = [self._one(("2", "5", "14", self.expression(depth))) for _ in self._few(len(entry.parameters))]
        return f"ta.{name}({', '.join([*series, *numbers])})"

    # --- statements ---------------------------------------------------------------------------------------------------

    def _block(self, indent: int, depth: int) -> str:
        count = self._random.randint(1, 3)
        return "".join(self._statement(indent, depth) for _ in range(count))

    def _statement(self, indent: int, depth: int) -> str:
        space = "    " * indent
        plain = depth >= DEPTH_MAX
        kind = self._one(
            ("assign", "assign", "change", "expression", "delete", "raise", *(() if plain else ("if", "for", "while", "try")))
        )
        value = self.expression(1)
        inner = "" if plain else self._block(indent + 1, depth + 1)
        error = self._one(EXCEPTIONS)
        shapes = {
            "assign": f"{space}{self._one(('a', 'b', 'a, b', '*a, b', 'a[0]', 'b[-1]', 'close', 'a[b]'))} = {value}\n",
            "change": f"{space}{self._one(('a', 'b', 'close', 'a[0]'))} {self._one(('+', '-', '*', '/', '|'))}= {value}\n",
            "expression": f"{space}{value}\n",
            "delete": f"{space}del {self._one(('a', 'b', 'TABLE'))}[{value}]\n",
            "raise": f"{space}if {value} is None: raise {error}({self.expression(2)})\n",
            "if": f"{space}if {value}:\n{inner}{space}else:\n{inner}",
            "for": f"{space}for {self._one(('a', 'b', 'a, b'))} in {value}:\n{inner}",
            "while": f"{space}while {value}:\n{inner}{'    ' * (indent + 1)}break\n",
            "try": f"{space}try:\n{inner}{space}except {error} as error:\n{inner}{space}finally:\n{space}    b = 1\n",
        }
        return shapes[kind]
