"""Example traders that ship with the engine: common screens, each a file that may be copied and changed.

They are read as text; nothing in this package is ever imported as a module.
"""

from importlib.resources import files
from typing import Final

#: Those that a demonstration runs: together they find something within a minute and need few kernels compiled.
DEMONSTRATION: Final = frozenset(
    {
        "golden_cross",
        "macd_turn",
        "momentum_now",
        "oversold_bounce",
        "squeeze_breakout",
        "strong_trend",
        "volume_spike",
        "vwap_reclaim",
    }
)


def examples() -> dict[str, str]:
    """Code of each example by the name of its file, in alphabetical order."""
    found = (file for file in files(__name__).iterdir() if file.name.endswith(".py") and not file.name.startswith("_"))
    return dict(sorted((file.name.removesuffix(".py"), file.read_text(encoding="utf-8")) for file in found))


def demonstration() -> list[tuple[str, str]]:
    """Name and code of the traders of a demonstration, in alphabetical order."""
    return [(name.replace("_", " "), code) for name, code in examples().items() if name in DEMONSTRATION]
