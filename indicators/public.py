"""The functions people call, made from the catalog: `rsi(real, period=14)` with a signature and a docstring that tell all."""

import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from indicators.checks import Parameter
from indicators.entry import Entry, Result

WIDTH = 100
DTYPES = {
    "value": "float64 of the same shape",
    "condition": "bool of the same shape, False where undefined",
    "count": "int32 of the same shape, 0 where undefined",
}


def function_of(entry: Entry) -> Callable[..., Result]:
    """The function of one indicator: series first, then parameters, by place or by name."""

    def function(*args: Any, **kwargs: Any) -> Result:
        return entry(*entry.bind(args, kwargs))

    function.__name__ = function.__qualname__ = entry.name
    function.__module__ = "indicators"
    function.__doc__ = docstring(entry)
    # What inspect, help() and editors show instead of *args.
    function.__signature__ = signature(entry)  # type: ignore[attr-defined]
    return function


def signature(entry: Entry) -> inspect.Signature:
    """Names and defaults as the function takes them."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    series = [inspect.Parameter(name, kind) for name in entry.inputs]
    others = [inspect.Parameter(name, kind, default=one.default) for name, one in entry.parameters.items()]
    return inspect.Signature([*series, *others])


def docstring(entry: Entry) -> str:
    """Summary, what comes out, arguments with their ranges, results with their lead-in, source."""
    first, *others = entry.inputs
    number = " or a number" if entry.takes_numbers else ""
    lines = [f"{entry.summary}.", "", *textwrap.wrap(sentence(entry.about), WIDTH), "", "Args:"]
    lines.append(f"    {first}: (bars,) or (bars, symbols), numbers{number and ', or one number'}.")
    lines += [f"    {name}: as `{first}`." for name in others]
    lines += [f"    {name}: {described(parameter)}." for name, parameter in entry.parameters.items()]
    lines += ["", "Returns:", *_results(entry), "", *textwrap.wrap(f"Source: {entry.source}.", WIDTH)]
    return "\n".join(lines)


def sentence(text: str) -> str:
    """With a full stop."""
    return text if text.endswith(".") else f"{text}."


def described(parameter: Parameter) -> str:
    """What a parameter may be, and its default."""
    return f"{parameter.expected}; default {parameter.default}"


def _results(entry: Entry) -> list[str]:
    named = ", ".join(f"`{name}`" for name in entry.outputs)
    each = f"{named}, each {DTYPES[entry.kind]}" if len(entry.outputs) > 1 else DTYPES[entry.kind]
    leading = entry.lookback()
    lead_in = f"; with the defaults the first {leading} are undefined" if leading else ""
    return textwrap.wrap(f"{each}{lead_in}.", WIDTH, initial_indent="    ", subsequent_indent="    ")
