"""`engine trader`: filters in the database, and what is done with them before they get there."""

from pathlib import Path
from typing import Any

import click

from cli import control, options, render, trader_files
from cli.inspection import Inspection, accepted
from cli.options import example
from cli.trader_files import EXISTING
from engine.base.settings import Settings
from engine.persistence.session import Session
from engine.traders.pause import Pause, read_pauses

#: What a filter document repeats of its code; all of it changes with the code.
SAID = ("refreshInterval", "symbols", "requiredTimeframes")
COLUMNS = (
    "id",
    "name",
    "enabled",
    "version",
    "state",
    "refresh",
    "symbols",
    "intervals",
    "cpu_ms",
    "cycle_ms",
    "paused_since",
    "reason",
)
#: The engine may run an older version than is stored, when the newest is refused.
SHOWN_AS = {"version": "running_version"}
#: What a running engine says of a trader in a list.
MEASURED = ("cpu_ms", "cycle_cpu_ms", "matches", "faults", "strikes", "problem", "refused")


@click.group(
    epilog="""
\b
Examples:
  engine trader new bounce
  engine trader check bounce.py
  engine trader test bounce.py
  engine trader add bounce.py --user alice
"""
)
def trader() -> None:
    """Manage, check and try filters."""


for command in (trader_files.check, trader_files.test, trader_files.new):
    trader.add_command(command)


@trader.command(epilog=example("engine trader add bounce.py cross.py --user alice"))
@click.argument("files", nargs=-1, required=True, type=EXISTING)
@options.disabled
@options.user
@options.home
@options.database
@options.as_json
def add(files: tuple[Path, ...], disabled: bool, as_json: bool, **given: Any) -> None:
    """Store traders, named as their files; one that is there already gets the new code and the next version.

    All files are checked first: if one is refused, none is stored.
    """
    settings = options.load(**given)
    found = [accepted(path, settings.history_bars) for path in files]
    for one in found:
        for warning in one.warnings:
            click.echo(f"{one.path}: warning: {warning}", err=True)

    async def store(session: Session) -> list[dict[str, Any]]:
        return [await _store(session, one, enabled=not disabled) for one in found]

    for row in options.with_session(settings, store):
        if as_json:
            render.json_line(row)
        else:
            click.echo(f"{row['done']} {row['name']} version {row['version']}: {row['id']}")


async def _store(session: Session, found: Inspection, *, enabled: bool) -> dict[str, Any]:
    from engine.persistence import queries
    from engine.traders.store import new_row

    fresh = new_row(
        session.user_id,
        found.path.stem,
        found.code,
        refresh=found.refresh,
        symbols=found.symbols,
        intervals=found.intervals,
    )
    there = [row for row in await queries.list_traders(session) if row["name"] == fresh["name"]]
    if not there:
        return _described(await queries.add_trader(session, fresh | {"enabled": enabled})) | {"done": "added"}
    if len(there) > 1:
        # Rows of other programs may share a name; the user has to say which is meant.
        await queries.get_trader(session, fresh["name"])
    if there[0]["filter"].get("code") == found.code:
        return _described(there[0]) | {"done": "unchanged"}
    document = {name: value for name, value in there[0]["filter"].items() if name not in SAID} | fresh["filter"]
    changes: dict[str, Any] = {"filter": document} | ({} if enabled else {"enabled": False})
    return _described(await queries.update_trader(session, there[0]["id"], changes)) | {"done": "changed"}


@trader.command("list", epilog=example("engine trader list --user alice\nengine trader list --user alice --json | jq .name"))
@options.user
@options.home
@options.database
@options.as_json
def list_(as_json: bool, **given: Any) -> None:
    """Show the traders of a user, oldest first; with --json one object a line.

    CPU time and state are those of the engine that runs: all of it since its start, and the median of a cycle.
    """
    from engine.persistence import queries

    async def read(session: Session) -> tuple[list[dict[str, Any]], dict[str, Pause]]:
        return await queries.list_traders(session), await _pauses(session)

    settings = options.load(**given)
    states = _states(settings)
    rows, pauses = options.with_session(settings, read)
    documents = [_listed(row, states.get(row["id"], {}), pauses.get(row["id"])) for row in rows]
    if as_json:
        for document in documents:
            render.json_line(document)
        return
    render.table([_in_columns(document) for document in documents], COLUMNS)
    for document in documents:
        if document["pause"] is not None:
            click.echo(f"{document['name']}: {document['pause']['advice']}", err=True)


def _listed(row: dict[str, Any], running: dict[str, Any], pause: Pause | None) -> dict[str, Any]:
    held = _held(row, pause)
    state = running.get("state") or ("paused" if held else None)
    here = {"state": state, "running_version": running.get("version"), "pause": held}
    return _described(row) | here | {name: running.get(name) for name in MEASURED}


def _in_columns(document: dict[str, Any]) -> dict[str, Any]:
    """The same for the table: one value a column, and why it does not run."""
    held, cycle = document["pause"] or {}, document["cycle_cpu_ms"] or {}
    more = {"cycle_ms": cycle.get("p50"), "paused_since": held.get("since"), "reason": held.get("reason") or document["problem"]}
    return document | more


@trader.command(epilog=example("engine trader show bounce --user alice"))
@click.argument("trader_id", metavar="ID")
@options.user
@options.home
@options.database
@options.as_json
def show(trader_id: str, as_json: bool, **given: Any) -> None:
    """Show one trader with its code, and how it does in the engine that runs. ID: the id, its beginning, or the name."""
    from engine.persistence import queries

    async def read(session: Session) -> tuple[dict[str, Any], dict[str, Pause]]:
        return await queries.get_trader(session, trader_id), await _pauses(session)

    settings = options.load(**given)
    row, pauses = options.with_session(settings, read)
    running, held = _states(settings).get(row["id"]), _held(row, pauses.get(row["id"]))
    more = {"strategy": row["strategy"], "code": row["filter"].get("code"), "running": running, "pause": held}
    document = _described(row) | more
    if as_json:
        render.json_document(document)
        return
    shown = {name: document[name] for name in ("id", "name", "enabled", "version", "refresh", "symbols", "intervals")}
    told = {SHOWN_AS.get(name, name): value for name, value in (running or {"state": "not running here"}).items()}
    # Both are told in other words beside it: a refusal as the problem.
    told = {name: value for name, value in told.items() if name not in ("pause", "refused")}
    for name, value in (shown | told | {f"pause {name}": value for name, value in (held or {}).items()}).items():
        click.echo(f"{name.replace('_', ' '):<20} {render.cell(value)}")
    click.echo(f"\n{document['code']}")


@trader.command(epilog=example("engine trader enable bounce --user alice"))
@click.argument("trader_id", metavar="ID")
@options.user
@options.home
@options.database
@options.as_json
def enable(trader_id: str, as_json: bool, **given: Any) -> None:
    """Let a trader run."""
    _switch(trader_id, True, as_json, given)


@trader.command(epilog=example("engine trader disable bounce --user alice"))
@click.argument("trader_id", metavar="ID")
@options.user
@options.home
@options.database
@options.as_json
def disable(trader_id: str, as_json: bool, **given: Any) -> None:
    """Keep a trader from running."""
    _switch(trader_id, False, as_json, given)


def _switch(trader_id: str, enabled: bool, as_json: bool, given: dict[str, Any]) -> None:
    from engine.persistence import queries

    async def change(session: Session) -> dict[str, Any]:
        row = await queries.get_trader(session, trader_id)
        held = _held(row, (await _pauses(session)).get(row["id"]))
        if enabled and row["enabled"] and held is not None:
            # The engine gave up on this version; a new one gets another chance.
            return _described(await queries.update_trader(session, row["id"], {"enabled": True})) | {"pause": held}
        return _described(await queries.set_trader_enabled(session, row["id"], enabled)) | {"pause": held}

    document = options.with_session(options.load(**given), change)
    if as_json:
        render.json_document(document)
        return
    click.echo(f"{document['name']} is {'enabled' if enabled else 'disabled'}")
    if enabled and document["pause"] is not None and document["pause"]["kind"] == "breaker":
        click.echo(f"but it stays stopped: {document['pause']['reason']}: {document['pause']['advice']}", err=True)


@trader.command(epilog=example("engine trader resume bounce --user alice"))
@click.argument("trader_id", metavar="ID")
@options.user
@options.home
@options.database
@options.as_json
def resume(trader_id: str, as_json: bool, **given: Any) -> None:
    """Let a trader that the engine paused run again, as it is; a running engine follows at once, another at its start.

    What closed during the pause is not asked about.
    """
    from engine.persistence import queries
    from engine.persistence.pauses import clear_pause

    async def clear(session: Session) -> dict[str, Any]:
        row = await queries.get_trader(session, trader_id)
        return _described(row) | {"resumed": await clear_pause(session, row["id"])}

    document = options.with_session(options.load(**given), clear)
    if as_json:
        render.json_document(document)
    else:
        click.echo(f"{document['name']} is resumed" if document["resumed"] else f"{document['name']} is not paused")


@trader.command(epilog=example("engine trader rm bounce --user alice"))
@click.argument("trader_id", metavar="ID")
@options.user
@options.home
@options.database
@options.as_json
def rm(trader_id: str, as_json: bool, **given: Any) -> None:
    """Remove a trader; its signals stay."""
    from engine.persistence import queries

    async def remove(session: Session) -> dict[str, Any]:
        row = await queries.get_trader(session, trader_id)
        await queries.remove_trader(session, row["id"])
        return _described(row)

    document = options.with_session(options.load(**given), remove)
    if as_json:
        render.json_document(document)
    else:
        click.echo(f"{document['name']} is removed")


def _described(row: dict[str, Any]) -> dict[str, Any]:
    """A row as commands show it; what it leaves to its code is null."""
    document = row["filter"]
    symbols = document.get("symbols")
    return {
        "id": row["id"],
        "user_id": row["user_id"],
        "name": row["name"],
        "enabled": row["enabled"],
        "version": row["version"],
        "refresh": document.get("refreshInterval"),
        "symbols": symbols if isinstance(symbols, list | str) and symbols else None,
        "intervals": document.get("requiredTimeframes") or [],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


async def _pauses(session: Session) -> dict[str, Pause]:
    """Stored pauses by trader id."""
    from engine.persistence.pauses import list_pauses

    return read_pauses(await list_pauses(session))


def _held(row: dict[str, Any], pause: Pause | None) -> dict[str, Any] | None:
    """What keeps this version of a trader from running, if something does."""
    return pause.document() if pause is not None and pause.holds(row["version"]) else None


def _states(settings: Settings) -> dict[str, dict[str, Any]]:
    """What the engine on this home says of each trader, if one runs."""
    return {one["id"]: one for one in control.ask_quietly(settings, "/traders") or ()}
