"""Options that several commands share, each readable from the environment, and how a command gets settings and a session."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
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
allow_unsandboxed = click.option(
    "--allow-unsandboxed",
    is_flag=True,
    default=None,
    envvar="ENGINE_ALLOW_UNSANDBOXED",
    show_envvar=True,
    help="Run filters even if workers cannot be locked down here; only for filters you trust.",
)
as_json = click.option("--json", "as_json", is_flag=True, envvar="ENGINE_JSON", show_envvar=True, help="Print JSON.")


def _own(name: str, variable: str, **more: Any) -> Callable[[Command], Command]:
    """An option of one command; its variable is listed in `engine.base.settings.COMMAND_VARIABLES`."""
    return click.option(name, envvar=variable, show_envvar=True, **more)


since = _own(
    "--since",
    "ENGINE_SINCE",
    metavar="T",
    default="",
    help="Only those detected after T: ISO 8601, or how long ago (30m, 2h, 1d).",
)
limit = _own("--limit", "ENGINE_LIMIT", type=click.IntRange(1, 10_000), default=100, show_default=True, help="The newest N.")
follow = _own("--follow", "ENGINE_FOLLOW", is_flag=True, help="Go on showing signals as they come, until Ctrl-C.")
disabled = _own("--disabled", "ENGINE_DISABLED", is_flag=True, help="Store it, but do not run it yet.")
force = _own("--force", "ENGINE_FORCE", is_flag=True, help="Overwrite a file that is there.")
data = _own(
    "--data", "ENGINE_SIM_DATA", default="", metavar="FILE", help="Recorded candles (Parquet) instead of the simulator's market."
)
seed = _own(
    "--seed", "ENGINE_SIM_SEED", default=1, show_default=True, type=click.IntRange(0), help="Seed of the simulator's market."
)
closes = _own(
    "--closes",
    "ENGINE_TEST_CLOSES",
    default=200,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Ask at the last N closes.",
)
picture = _own(
    "--picture",
    "ENGINE_TEST_PICTURE",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the symbol with most signals as SVG, marks where it matched.",
)
example_name = _own(
    "--example", "ENGINE_NEW_EXAMPLE", metavar="EXAMPLE", help="Begin with this example trader instead of the template."
)
symbols = _own(
    "--symbols",
    "ENGINE_TEST_SYMBOLS",
    default=20,
    show_default=True,
    type=click.IntRange(1, 1_000),
    help="Ask about the N most traded of the trader's symbols.",
)


def example(text: str) -> str:
    """An epilog of examples."""
    return "\b\nExamples:\n" + "".join(f"  {line}\n" for line in text.strip().splitlines())


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
