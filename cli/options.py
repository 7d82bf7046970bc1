"""Options that several commands share, each readable from the environment, and how a command gets settings and a session."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from engine.base import settings as declared
from engine.base.errors import UsageError
from engine.base.settings import Settings
from engine.persistence.session import Session

T = TypeVar("T")
Command = Callable[..., Any]

user = click.option("--user", envvar=["ENGINE_USER", "USER_ID"], show_envvar=True, default="", help="Whose traders and signals.")
home = click.option("--home", metavar="DIR", envvar="ENGINE_HOME", show_envvar=True, help="Directory of all local state.")
database = click.option(
    "--db",
    "database_url",
    metavar="URL",
    envvar=["ENGINE_DATABASE_URL", "DATABASE_URL"],
    show_envvar=True,
    help="Postgres to use instead of the embedded one.",
)
as_json = click.option("--json", "as_json", is_flag=True, envvar="ENGINE_JSON", show_envvar=True, help="Print JSON.")


def load(**given: object) -> Settings:
    """Settings of this command: defaults, environment, and what was given on the command line."""
    return declared.load({name: value for name, value in given.items() if value not in (None, "")})


def with_session(settings: Settings, work: Callable[[Session], Awaitable[T]]) -> T:
    """Do something with the database of these settings; raises UsageError when no user is named."""
    from engine.persistence.door import session

    if not settings.user:
        raise UsageError("no user is named", "--user is missing", "say whose, as in: --user alice")

    async def run() -> T:
        async with session(settings.database_url, settings.home_path, settings.user) as opened:
            return await work(opened)

    return asyncio.run(run())
