"""`engine resize`: another number of workers, while the engine runs."""

from typing import Any

import click

from cli import control, options, render

EPILOG = """
\b
Examples:
  engine resize 4
"""


@click.command(epilog=EPILOG)
@click.argument("workers", type=click.IntRange(min=1))
@options.home
@options.as_json
def resize(workers: int, as_json: bool, **given: Any) -> None:
    """Ask the running engine for N WORKERS; returns when they are there."""
    found = control.ask(options.load(**given), "/resize", {"workers": workers})
    if as_json:
        render.json_document(found)
    else:
        click.echo(f"{found['workers']} workers are ready")
