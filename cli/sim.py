"""`engine sim`: only the exchange simulator, for tests, demonstrations and other people's clients."""

import asyncio
import logging
import sys

import click

from engine.base.errors import EngineError

EPILOG = """
\b
Examples:
  engine sim --port 9000                          a market of 100 symbols, in real time
  engine sim --speed 60 --seed 7 --symbols 20     another one, a minute in each second
  engine sim --data spot-5m.parquet --speed 3000  recorded candles, five minutes in 0.1 s
  engine sim --replay night --speed 4             what engine run --record night kept, four times as fast
  curl "$(engine sim --json | jq -r .rest)/api/v3/time"

\b
Broken on purpose (docs/operations.md lists all faults):
  engine sim --fault drop:after_s=30,count=1              cut one socket after half a minute
  engine sim --fault omit_closes:symbols=BTCUSDT+ETHUSDT --fault http:status=429,retry_after_s=10,chance=0.05
  engine sim --fault lifetime:s=60 --fault malformed:chance=0.01 --fault-seed 7
  curl -d '{"kind": "drop"}' http://127.0.0.1:9000/sim/faults
"""


@click.command(epilog=EPILOG)
@click.option(
    "--host", envvar="ENGINE_SIM_HOST", show_envvar=True, default="127.0.0.1", show_default=True, help="Address to listen on."
)
@click.option(
    "--port",
    envvar="ENGINE_SIM_PORT",
    show_envvar=True,
    default=0,
    show_default=True,
    type=click.IntRange(0, 65_535),
    help="Port to listen on; 0: any free one.",
)
@click.option(
    *("--speed", "speed"),
    default=1.0,
    show_default=True,
    envvar="ENGINE_SIM_SPEED",
    show_envvar=True,
    type=click.FloatRange(0, 1_000_000, min_open=True),
    help="How fast its time runs; weights and bans keep to real time.",
)
@click.option(
    "--seed",
    default=1,
    show_default=True,
    envvar="ENGINE_SIM_SEED",
    show_envvar=True,
    type=click.IntRange(0),
    help="Seed of the market.",
)
@click.option("--data", default="", envvar="ENGINE_SIM_DATA", show_envvar=True, help="Replay recorded candles (Parquet) instead.")
@click.option(
    "--replay",
    default="",
    metavar="DIR|FILE",
    envvar="ENGINE_SIM_REPLAY",
    show_envvar=True,
    help="Play back what engine run --record kept, or a capture (.ws), as it came.",
)
@click.option(
    *("--start", "start"),
    default="",
    envvar="ENGINE_SIM_START",
    show_envvar=True,
    help="Where its time begins, ISO 8601.  [default: now; with --data: after a thousand bars; with --replay: first stream]",
)
@click.option(
    "--until",
    envvar="ENGINE_SIM_UNTIL",
    show_envvar=True,
    default="",
    help="Where its time stops, ISO 8601.  [default: never; with --data and --replay: where they end]",
)
@click.option(
    "--symbols",
    envvar="ENGINE_SIM_SYMBOLS",
    show_envvar=True,
    type=click.IntRange(1, 2_000),
    help="Symbols of the synthetic market.  [default: 100]",
)
@click.option(
    "--hold/--no-hold",
    envvar="ENGINE_SIM_HOLD",
    show_envvar=True,
    default=None,
    help="Let time stand still at the start until the first kline stream is subscribed.  [default: with --data and --replay]",
)
@click.option(
    "--close-lag-ms",
    default=2_400,
    show_default=True,
    envvar="ENGINE_SIM_CLOSE_LAG_MS",
    show_envvar=True,
    type=click.IntRange(1, 60_000),
    help="Latest time after the end of a bar at which its close is told.",
)
@click.option(
    "--update-ms",
    envvar="ENGINE_SIM_UPDATE_MS",
    show_envvar=True,
    default=0,
    type=click.IntRange(0, 60_000),
    help="Time between updates of a forming bar.  [default: the exchange's, 2,000; 1s bars 1,000]",
)
@click.option(
    *("--fault", "faults"),
    multiple=True,
    metavar="KIND[:NAME=VALUE,…]",
    envvar="ENGINE_SIM_FAULT",
    show_envvar=True,
    help="Something that goes wrong; may be given several times.",
)
@click.option(
    "--fault-seed",
    default=1,
    show_default=True,
    envvar="ENGINE_SIM_FAULT_SEED",
    show_envvar=True,
    type=click.IntRange(0),
    help="Seed of the chances of faults.",
)
@click.option(
    "--ready-fd",
    envvar="ENGINE_SIM_READY_FD",
    show_envvar=True,
    type=click.IntRange(0),
    help="Write the line of --json to this descriptor too, once it listens.",
)
@click.option(
    "--die-with-parent",
    envvar="ENGINE_SIM_DIE_WITH_PARENT",
    show_envvar=True,
    is_flag=True,
    help="End when the process that started it ends.",
)
@click.option(
    "--json",
    "as_json",
    envvar="ENGINE_JSON",
    show_envvar=True,
    is_flag=True,
    help='Print {"rest", "ws", "pid"} instead of the URL.',
)
def sim(as_json: bool, **options: object) -> None:
    """Run a simulated exchange that speaks as Binance Spot does: market data over REST and WebSocket.

    Prints one line when it listens, and runs until it is told to stop. Nothing in it is real.
    """
    # Loaded here, so that --help does not wait for a server.
    import msgspec

    from engine.sim.run import Options, Ready, serve

    def announce(ready: Ready) -> None:
        click.echo(msgspec.json.encode(ready) if as_json else ready.rest)

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        asyncio.run(serve(Options(**options), announce))  # type: ignore[arg-type]  # click has checked the types
    except EngineError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
