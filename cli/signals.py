"""`engine signals`: what was found, newest last."""

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from cli import options, render
from cli.display import signal_line
from engine.base.errors import UsageError
from engine.persistence.session import Session

EPILOG = """
\b
Examples:
  engine signals --user alice
  engine signals --user alice --since 2026-11-21T05:00:00Z --json
  engine signals --user alice --since 2h --follow
"""

UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@click.command(epilog=EPILOG)
@options.user
@options.since
@options.limit
@options.follow
@options.home
@options.database
@options.as_json
def signals(since: str, limit: int, follow: bool, as_json: bool, **given: Any) -> None:
    """Show signals, newest last; with --json one object a line."""
    instant = parse_since(since)
    options.with_session(options.load(**given), lambda session: _show(session, instant, limit, follow, as_json))


async def _show(session: Session, since: datetime | None, limit: int, follow: bool, as_json: bool) -> None:
    from engine.persistence import queries

    # Before the list is made, so that nothing falls between the list and what follows.
    begin = await queries.server_time(session)
    found = await queries.list_signals(session, since, limit)
    for one in found:
        _print(one, as_json)
    if not found and not follow and not as_json:
        click.echo("no signals found", err=True)
    if follow:
        shown = {one["id"] for one in found}
        async for one in queries.follow_signals(session, begin):
            if one["id"] not in shown:
                _print(one, as_json)


def _print(signal: dict[str, Any], as_json: bool) -> None:
    if as_json:
        render.json_line(signal)
    else:
        click.echo(f"{signal['detected_at'][:10]} {signal_line(signal)}")


def parse_since(text: str) -> datetime | None:
    """An instant in ISO 8601 (UTC where it says nothing), or a length of time before now; raises UsageError."""
    if not text:
        return None
    if text[-1] in UNITS_S and text[:-1].isascii() and text[:-1].isdigit():
        return datetime.now(UTC) - timedelta(seconds=int(text[:-1]) * UNITS_S[text[-1]])
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError("--since is not an instant", repr(text), "write ISO 8601, or how long ago, as 30m or 2h") from error
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
