"""What a filter finds without an import: builtins, `np` and `math`, each a hand-picked set of plain objects.

No module is reachable from here: `np` and `math` are bare records of chosen names. The names stand in
`workers.vocabulary`, and the policy refuses others before anything runs; these records are the second fence.
"""

import builtins
import math
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from workers import vocabulary


def record(kind: str, names: Mapping[str, Any]) -> Any:
    """An object with these attributes and no others, none of which can be changed; reading one is as fast as can be."""

    def refuse(_self: object, name: str, _value: object = None) -> None:
        raise AttributeError(f"{name} cannot be changed")

    made = type(kind, (), {"__slots__": tuple(names), "__setattr__": refuse, "__delattr__": refuse})
    found = made()
    for name, value in names.items():
        object.__setattr__(found, name, value)
    return found


def _chosen(source: object, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(source, name) for name in sorted(names)}


def _import_for_numpy(
    name: str,
    _globals: object = None,
    _locals: object = None,
    fromlist: object = (),
    level: int = 0,
) -> Any:
    """Serve the imports that NumPy's C code makes in the name of whoever called it, `five.close.mean()` for one.

    A filter cannot name this function. C code asks with a list of names; an import statement would ask with a tuple.
    """
    if type(fromlist) is list and level == 0 and name in sys.modules:
        return sys.modules[name]
    raise ImportError(f"import of {name} is not allowed in a filter")


NUMPY: Final = record("np", _chosen(np, vocabulary.NUMPY))
MATH: Final = record("math", _chosen(math, vocabulary.MATH))
BUILTINS: Final[dict[str, Any]] = _chosen(builtins, vocabulary.BUILTINS) | {"__import__": _import_for_numpy}


def fresh() -> dict[str, Any]:
    """The global names of a filter before its module level runs."""
    return {"__builtins__": BUILTINS, "__name__": "filter", "np": NUMPY, "math": MATH}
