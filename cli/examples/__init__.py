"""Example traders that ship with the engine: common screens, each a file that may be copied and changed.

They are read as text; nothing in this package is ever imported as a module.
"""

from importlib.resources import files


def examples() -> list[tuple[str, str]]:
    """Name and code of each example, in alphabetical order."""
    found = (file for file in files(__name__).iterdir() if file.name.endswith(".py") and not file.name.startswith("_"))
    return sorted((file.name.removesuffix(".py").replace("_", " "), file.read_text(encoding="utf-8")) for file in found)
