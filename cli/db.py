"""`engine db`: the schema, and where the database is."""

import asyncio
from dataclasses import asdict
from typing import Any

import click

from cli import options, render
from engine.base.settings import Settings

EPILOG = """
\b
Examples:
  engine db migrate --db postgresql://…
  psql "$(engine db url)"
  engine db status --json
"""


@click.group(epilog=EPILOG)
def db() -> None:
    """Look after the database: schema, state, address."""


@db.command(epilog=EPILOG)
@options.home
@options.database
@options.as_json
def migrate(as_json: bool, **given: Any) -> None:
    """Bring the schema up to date."""
    applied = asyncio.run(_migrate(options.load(**given)))
    if as_json:
        render.json_document({"applied": applied})
    else:
        click.echo("applied: " + ", ".join(applied) if applied else "the schema is up to date")


async def _migrate(settings: Settings) -> list[str]:
    from engine.persistence import migrate as schema
    from engine.persistence.door import database

    async with database(settings.database_url, settings.home_path, up_to_date=False) as url:
        return await schema.migrate(url)


@db.command(epilog=EPILOG)
@options.home
@options.database
def url(**given: Any) -> None:
    """Print the URL of the database, for other programs: with the password, if it has one."""
    click.echo(asyncio.run(_url(options.load(**given))))


async def _url(settings: Settings) -> str:
    from engine.persistence.door import database

    async with database(settings.database_url, settings.home_path, up_to_date=False) as found:
        return found


@db.command(epilog=EPILOG)
@options.home
@options.database
@options.as_json
def status(as_json: bool, **given: Any) -> None:
    """Show which migrations are applied."""
    found = asyncio.run(_status(options.load(**given)))
    if as_json:
        render.json_document(found)
        return
    for name, value in found.items():
        click.echo(f"{name:<10} {', '.join(value) if isinstance(value, tuple) else value}")


async def _status(settings: Settings) -> dict[str, Any]:
    from engine.persistence import migrate as schema
    from engine.persistence.door import database

    async with database(settings.database_url, settings.home_path, up_to_date=False) as found:
        return asdict(await schema.status(found))
