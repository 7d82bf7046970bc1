"""`engine run`: the engine in the foreground until it is stopped."""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from cli import options
from cli.display import Display, LogStream
from engine.base import exitcodes
from engine.base import settings as declared
from engine.base.errors import UsageError
from engine.base.settings import Settings

if TYPE_CHECKING:
    from engine.supervisor.engine import Engine

log = logging.getLogger(__name__)

STATUS_EVERY_S = 0.25
#: This user gets the example traders on the simulator without asking.
DEMO_USER = "demo"


@click.command()
@click.option("--user", envvar=["ENGINE_USER", "USER_ID"], show_envvar=True, help="Whose traders run.")
@click.option(
    "--exchange",
    type=click.Choice(["sim", "binance"]),
    envvar="ENGINE_EXCHANGE",
    show_envvar=True,
    help="The built-in simulator (default), or the real one.",
)
@click.option(
    "--db",
    "database_url",
    metavar="URL",
    envvar=["ENGINE_DATABASE_URL", "DATABASE_URL"],
    show_envvar=True,
    help="Postgres to use instead of the embedded one.",
)
@click.option("--home", metavar="DIR", envvar="ENGINE_HOME", show_envvar=True, help="Directory of all local state.")
@click.option(
    "--workers",
    metavar="N|auto",
    envvar="ENGINE_WORKERS",
    show_envvar=True,
    help="Worker processes; auto: the CPUs granted to this process.",
)
@click.option(
    "--symbols",
    metavar="N|NAMES",
    envvar="ENGINE_SYMBOLS",
    show_envvar=True,
    help="The N most traded, or names joined by commas.",
)
@click.option(
    "--http",
    metavar="HOST:PORT",
    envvar="ENGINE_HTTP",
    show_envvar=True,
    help="Where health, metrics and control listen; off: nowhere.",
)
@click.option(
    "--for",
    "run_seconds",
    type=float,
    metavar="SECONDS",
    envvar="ENGINE_RUN_SECONDS",
    show_envvar=True,
    help="Stop after so long.",
)
@click.option(
    "--record",
    "record_dir",
    metavar="DIR",
    envvar="ENGINE_RECORD_DIR",
    show_envvar=True,
    help="Keep all that the exchange sends, as it came; engine sim --replay DIR plays it back.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    envvar="ENGINE_LOG_FORMAT",
    show_envvar=True,
    help="How log lines on stderr look.",
)
@click.option("--sim-speed", type=float, envvar="ENGINE_SIM_SPEED", show_envvar=True, help="How fast the simulator's time runs.")
@click.option(
    "--sim-data",
    metavar="FILE",
    envvar="ENGINE_SIM_DATA",
    show_envvar=True,
    help="Recorded candles (Parquet) for the simulator to replay.",
)
@click.option("--sim-seed", type=int, envvar="ENGINE_SIM_SEED", show_envvar=True, help="Seed of the simulator's market.")
@click.option(
    "--examples",
    is_flag=True,
    envvar="ENGINE_EXAMPLES",
    show_envvar=True,
    help="Add the example traders first if the user has none.",
)
@options.allow_unsandboxed
@click.option(
    "--json", "as_json", is_flag=True, envvar="ENGINE_JSON", show_envvar=True, help="Signals as JSON, one object a line."
)
def run(examples: bool, as_json: bool, **given: Any) -> None:
    """Run the engine for one user until Ctrl-C.

    Signals go to stdout, one a line; state and log go to stderr. The user `demo` gets example traders on the simulator.

    \b
    Examples:
      engine run --user demo
      engine run --user alice --exchange binance --db postgresql://… --symbols 200
      engine run --user alice --symbols BTCUSDT,ETHUSDT --for 60 --json
    """
    settings = declared.load(given)
    if not settings.user:
        raise UsageError("no user is named", "--user is missing", "say whose traders run, as in: engine run --user alice")
    examples = examples or (settings.user == DEMO_USER and settings.exchange == "sim")
    raise SystemExit(asyncio.run(_run(settings, Display(as_json=as_json), examples=examples)))


async def _run(settings: Settings, display: Display, *, examples: bool) -> int:
    from engine.supervisor.engine import Engine
    from engine.telemetry.logs import Logs

    secrets = [value for name in declared.SECRETS if (value := getattr(settings, name))]
    began_s = time.monotonic()
    with Logs(settings.log_format, settings.log_level, secrets, cast(TextIO, LogStream(display))) as logs:
        if ignored := declared.without_effect(settings):
            log.warning("these settings have no effect in this version: %s", ", ".join(ignored))
        engine = Engine(settings, logs, lambda found: display.signal(found.to_json()), display.progress)
        interrupts = _stop_on_signals(engine)
        try:
            await engine.start(_example_rows(settings.user) if examples else ())
            await _show_until_stopped(engine, display)
            display.summary(engine.status(), time.monotonic() - began_s)
        except asyncio.CancelledError:
            # Stopped by a signal while it was still starting; anything else that cancels is not ours to swallow.
            if not interrupts:
                raise
        finally:
            await engine.stop()
    return exitcodes.INTERRUPTED if signal.SIGINT in interrupts else exitcodes.OK


async def _show_until_stopped(engine: "Engine", display: Display) -> None:
    async def show() -> None:
        while True:
            display.status(engine.status())
            await asyncio.sleep(STATUS_EVERY_S)

    showing = asyncio.create_task(show(), name="display")
    try:
        await engine.run()
    finally:
        showing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await showing


def _stop_on_signals(engine: "Engine") -> list[int]:
    """The first Ctrl-C or SIGTERM stops in order, also while it starts; returns the list of those that came."""
    came: list[int] = []
    task = asyncio.current_task()
    assert task is not None

    def note(number: int) -> None:
        came.append(number)
        if not engine.request_stop():
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, note, number)
    return came


def _example_rows(user: str) -> Sequence[dict[str, Any]]:
    from cli.examples import demonstration
    from engine.traders.store import new_row

    return [new_row(user, name, code) for name, code in demonstration()]
