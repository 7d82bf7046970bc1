"""`engine bench`: measures this machine and what the engine does on it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from cli import render
from engine.base.errors import UsageError

EPILOG = """
\b
Examples:
  engine bench --list
  engine bench dispatch cycle
  engine bench --json today.json --compare yesterday.json
"""

HOW_TO_WRITE = "write one with: engine bench --json FILE"


@click.command(epilog=EPILOG)
@click.argument("suites", nargs=-1)
@click.option(
    "--list", "only_list", is_flag=True, envvar="ENGINE_BENCH_LIST", show_envvar=True, help="Show the suites there are."
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 10_000),
    envvar="ENGINE_BENCH_ROUNDS",
    show_envvar=True,
    help="How often each case is measured.  [default: each suite's own]",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ENGINE_BENCH_JSON",
    show_envvar=True,
    help="Write everything to this file; -: to stdout instead of the tables.",
)
@click.option(
    "--compare",
    "compare_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="ENGINE_BENCH_COMPARE",
    show_envvar=True,
    help="Show the ratio to an earlier run's file, in the yardsticks of each run.",
)
def bench(
    suites: tuple[str, ...], only_list: bool, rounds: int | None, json_file: Path | None, compare_file: Path | None
) -> None:
    """Measure this machine: all SUITES, or those named.

    Yardsticks (U1, U3, U4) are measured before and after; on a machine that changes its speed only ratios count.
    """
    from benchmarks import compare, harness

    if only_list:
        for name, text in harness.SUITES.items():
            click.echo(f"{name:<12} {text}")
        return
    earlier = _read(compare_file) if compare_file else None
    document = harness.run(harness.choose(suites), harness.Options(rounds), lambda text: click.echo(text, err=True))
    if earlier is not None:
        document["compared"] = compare.compare(earlier, document)
    if str(json_file) == "-":
        render.json_document(document)
        return
    _show(document)
    if earlier is not None:
        click.echo("\ncompared with the earlier run; above 1 is slower or larger now")
        render.table(document["compared"], ("suite", "case", "number", "was", "now", "ratio", "verdict"))
    if json_file is not None:
        _write(json_file, document)


def _show(document: Mapping[str, Any]) -> None:
    """A table for each suite, and the yardsticks."""
    for name, suite in document["suites"].items():
        click.echo(f"\n{name}  ({suite['wall_s']} s, {suite['cpu_s']} s of CPU)")
        rows = suite["rows"]
        columns = list(dict.fromkeys(column for row in rows for column in row))
        render.table([{column: _number(value) for column, value in row.items()} for row in rows], columns)
    click.echo("\nyardsticks")
    both = document["yardsticks"]
    names = list(both["before"])
    render.table([{"when": when, **both[when]} for when in ("before", "after")], ["when", *names])
    if not both["steady"]:
        click.echo("the machine changed its speed meanwhile: trust ratios only", err=True)


def _number(value: object) -> object:
    return (
        f"{value:.4g}"
        if isinstance(value, float) and abs(value) < 1_000
        else f"{value:.0f}"
        if isinstance(value, float)
        else value
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise UsageError("not a file of engine bench", path, HOW_TO_WRITE) from error
    if not isinstance(found, dict) or not isinstance(found.get("suites"), dict):
        raise UsageError("not a file of engine bench", path, HOW_TO_WRITE)
    return found


def _write(path: Path, document: Mapping[str, Any]) -> None:
    try:
        path.write_text(json.dumps(document, indent=1) + "\n")
    except OSError as error:
        raise UsageError("file cannot be written", f"{path} ({error.strerror})", "choose another place") from error
