"""`engine status`: the state of the running engine."""

from typing import Any

import click

from cli import control, options, render

EPILOG = """
\b
Examples:
  engine status
  engine status --json | jq .workers
"""


@click.command(epilog=EPILOG)
@options.home
@options.as_json
def status(as_json: bool, **given: Any) -> None:
    """Show the state of the engine that runs on this home."""
    found = control.ask(options.load(**given), "/status")
    if as_json:
        render.json_document(found)
        return
    for name, value in lines(found):
        click.echo(f"{name:<10} {value}")


def lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The document for people, the most asked for first."""
    workers, series, cycles, traders = found["workers"], found["series"], found["cycles"], found["traders"]
    exchange, database, spool = found["exchange"], found["database"], found["spool"]
    quantiles = " ".join(f"{name} {cycles[name + '_ms']:.1f} ms" for name in ("p50", "p99") if cycles[name + "_ms"] is not None)
    shown = [
        ("state", f"{found['state']} for {found['user']} since {found['since']} (pid {found['pid']})"),
        ("exchange", f"{exchange['name']} {exchange['url']}" + ("" if exchange["real"] else ": SIGNALS ARE NOT REAL")),
        ("workers", f"{workers['ready']} of {workers['target']} ready, pids {' '.join(map(str, workers['pids']))}"),
        ("market", f"{found['symbols']} symbols on {' '.join(found['intervals'])}; series " + _counts(series)),
        ("traders", _counts(traders)),
        ("cycles", f"{cycles['count']} {quantiles}".rstrip()),
        ("signals", f"{found['signals']}, filter faults {found['faults']}"),
        ("database", f"{database['state']} at {database['place']} {database['reason']}".rstrip()),
        ("spool", f"{spool['unsent']} signals wait for the database, {spool['set_aside']} set aside"),
        ("sandbox", _counts(found["sandbox"])),
    ]
    return shown + [("PROBLEM", f"{part}: {text}") for part, text in found["problems"].items()]


def _counts(values: dict[str, Any]) -> str:
    return ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in values.items())
