"""`engine indicators`: what filters may call, and everything about one of them."""

import difflib
from typing import Any

import click

from cli import options, render
from engine.base.errors import UsageError

EPILOG = """
\b
Examples:
  engine indicators                      all of them, by group
  engine indicators --group momentum
  engine indicators --search volume
  engine indicators rsi                  arguments, results, look-back, source
  engine indicators rsi --json
"""

#: Groups in the order in which people look for them.
GROUPS = (
    ("overlap", "averages, bands and stops drawn over the price"),
    ("momentum", "speed, direction and place of the price"),
    ("volume", "price weighed with volume"),
    ("volatility", "how far the price moves"),
    ("cycle", "cycles and their phase"),
    ("price", "one price made of several"),
    ("statistic", "statistics of a window"),
    ("math", "arithmetic of series, functions of each value"),
    ("trend", "extremes of the last bars, and crossings"),
    ("screen", "conditions and measures for screens"),
    ("pattern", "candlestick patterns"),
)


@click.command(epilog=EPILOG)
@click.argument("name", required=False)
@click.option(
    "--group",
    type=click.Choice([name for name, _ in GROUPS]),
    envvar="ENGINE_INDICATORS_GROUP",
    show_envvar=True,
    help="Only this group.",
)
@click.option(
    "--search",
    envvar="ENGINE_INDICATORS_SEARCH",
    show_envvar=True,
    help="Only those with this text in name, summary or description.",
)
@options.as_json
def indicators(name: str | None, group: str | None, search: str | None, as_json: bool) -> None:
    """List the indicators of filters, or tell everything about one of them.

    With --json one object for each, with inputs, parameters and their ranges, outputs, look-back and source.
    """
    if name is not None:
        _show_one(name.lower().removeprefix("ta."), as_json)
        return
    documents = [document(one) for one in _chosen(group, search)]
    if as_json:
        for one in documents:
            render.json_line(one)
    elif not documents:
        click.echo("no indicator found", err=True)
    else:
        _list(documents)


def _chosen(group: str | None, search: str | None) -> list[Any]:
    from indicators import catalog

    text = (search or "").lower()
    return [
        entry
        for entry in catalog.ENTRIES.values()
        if (group is None or entry.group == group)
        and text in " ".join((entry.name, *aliases(entry.name), entry.summary, entry.about)).lower()
    ]


def _list(documents: list[dict[str, Any]]) -> None:
    for group, meaning in GROUPS:
        rows = [{"call": one["call"], "what": one["summary"]} for one in documents if one["group"] == group]
        if rows:
            click.echo(f"\n{group}: {meaning}")
            render.table(rows, ("call", "what"))
    click.echo(f"\n{len(documents)} indicators; engine indicators NAME tells everything about one", err=True)


def _show_one(name: str, as_json: bool) -> None:
    from indicators import catalog, public

    entry = catalog.BY_NAME.get(name)
    if entry is None:
        near = difflib.get_close_matches(name, catalog.BY_NAME, 3)
        advice = f"did you mean {' or '.join(near)}?" if near else "see engine indicators"
        raise UsageError("indicator is not known", name, advice)
    found = document(entry)
    if as_json:
        render.json_document(found)
        return
    click.echo(f"{found['call']}\n\n{public.docstring(entry)}\n")
    if found["aliases"]:
        click.echo(f"Also called: {', '.join(found['aliases'])}.")
    if found["talib"]:
        click.echo(f"TA-Lib: {found['talib']}.")
    click.echo(f"Look-back with the defaults: {found['lookback']} bars. New bars: {found['extension']}.")


def aliases(name: str) -> list[str]:
    """Other names of an indicator."""
    from indicators import catalog

    return sorted(alias for alias, target in catalog.ALIASES.items() if target == name)


def document(entry: Any) -> dict[str, Any]:
    """Everything about one indicator, as plain data."""
    from indicators import public

    return {
        "name": entry.name,
        "aliases": aliases(entry.name),
        "group": entry.group,
        "call": f"ta.{entry.name}{public.signature(entry)}",
        "summary": entry.summary,
        "about": entry.about,
        "inputs": list(entry.inputs),
        "parameters": [
            {"name": name, "type": one.kind.__name__, "default": one.default, "low": one.low, "high": one.high}
            for name, one in entry.parameters.items()
        ],
        "outputs": list(entry.outputs),
        "output_type": {"value": "float64", "condition": "bool", "count": "int32"}[entry.kind],
        "lookback": entry.lookback(),
        "extension": "computed from a kept state" if entry.state else "computed from the last bars",
        "talib": entry.talib,
        "source": entry.source,
    }
