"""`engine status`: the state of the running engine."""

from typing import Any

import click

from cli import control, options, render
from engine.supervisor.sandbox import UNSANDBOXED

#: Series, traders and problems that the text names at most; `--json` names more.
NAMED_MAX = 5

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
    for name, value in [*lines(found), *feed_lines(found)]:
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
        ("sandbox", _sandbox(found["sandbox"])),
    ]
    for name, refused in list(found["refused"].items())[:NAMED_MAX]:
        where = f"line {refused['line']}, column {refused['column']}: " if refused["line"] else ""
        shown.append(("refused", f"{name} version {refused['version']}: {where}{refused['message']}"))
    for name, pause in list(found["paused"].items())[:NAMED_MAX]:
        shown.append(("paused", f"{name} since {pause['since']}: {pause['reason']}: {pause['advice']}"))
    used = [f"{name} {_cpu(cpu)}" for name, cpu in list(found["trader_cpu"].items())[:NAMED_MAX]]
    if used:
        shown.append(("cpu", ", ".join(used)))
    return shown + [("PROBLEM", f"{part}: {text}") for part, text in found["problems"].items()]


def feed_lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The block about the feeds: how much flows, what is not live and who waits for it, what is not traded, what went wrong."""
    feeds = found["feeds"]
    counts, history, weight, clock = feeds["counts"], feeds["history"], feeds["weight"], feeds["clock"]
    flows = f"{counts.get('streams', 0)} streams on {counts.get('connections', 0)} connections, {_counts(feeds['series'])}"
    mended = ("gaps", "repaired", "holes", "revised", "price_jumps", "reconnects", "replacements", "resubscribed")
    shown = [
        ("feeds", flows),
        ("", "since the start: " + _counts({name: counts[name] for name in mended if name in counts})),
        ("", _lags(feeds["lag_ms"])),
    ]
    if history["done"] < history["total"]:
        left = f", about {history['seconds_left']:.0f} s left" if history["seconds_left"] else ""
        shown.append(("history", f"{history['done']} of {history['total']} series{left}"))
    if history["problem"]:
        shown.append(("history", history["problem"]))
    pause = f", nothing is sent for {weight['pause_s']:.0f} s" if weight["pause_s"] else ""
    shown.append(
        ("weight", f"{weight['used']} of {weight['limit']} in this minute{pause}{', BANNED' if weight['banned'] else ''}")
    )
    drift = "" if clock["drift_ppm"] is None else f", drift {clock['drift_ppm']:+.1f} ppm"
    warned = ": set this machine's clock by NTP" if clock["warned"] else ""
    shown.append(("clock", f"exchange {clock['offset_ms']:+d} ms ± {clock['error_ms']:.0f} ms{drift}{warned}"))
    shown += [("not live", _series(one)) for one in feeds["worst"][:NAMED_MAX]]
    waiting = list(found["waiting_for"].items())
    shown += [("waits", f"{name} for {waits['count']} series: {waits['series'][0]}") for name, waits in waiting[:NAMED_MAX]]
    released = [f"{one['symbol']} ({one['status']} since {one['since']})" for one in found["symbols_released"]]
    if released:
        shown.append(("released", ", ".join(released)))
    shown += [("earlier", f"{one['at']} {one['part']}: {one['text']}") for one in found["last_problems"][-NAMED_MAX:]]
    return shown


def _cpu(cpu: dict[str, float]) -> str:
    return f"{cpu['total'] / 1e3:.2f} s ({cpu['p50']:.1f} ms a cycle, p99 {cpu['p99']:.1f})"


def _sandbox(found: dict[str, Any]) -> str:
    missing = "; ".join(f"{one['measure']} is missing ({one['reason']}): {one['advice']}" for one in found["missing"])
    if found["unsandboxed"]:
        return f"{UNSANDBOXED}: {missing}"
    held = f"{found['lockdown']}: {len(found['in_force'])} measures in force in all {found['workers']} processes that run filters"
    return f"{held}; {missing}" if missing else held


def _series(one: dict[str, Any]) -> str:
    reason = f", {one['reason']}" if one["reason"] else ""
    return f"{one['symbol']} {one['interval']} {one['state'].replace('_', ' ')} since {one['since']}{reason}"


def _lags(lags: dict[str, float | None]) -> str:
    known = [f"{name.replace('_', ' ')} {value:.0f} ms" for name, value in lags.items() if value is not None]
    return "lag: " + (", ".join(known) or "not measured yet")


def _counts(values: dict[str, Any]) -> str:
    return ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in values.items())
