"""All settings in one frozen object: declared once with type, bounds, unit and meaning, checked at start.

Order of precedence, weakest first: the default here, the environment (`ENGINE_<NAME>`, and the older names in `LEGACY`),
then the command line. An `ENGINE_*` variable that is not declared is an error, so that a typing mistake cannot be ignored.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from engine.base.errors import SettingsError

Meta = msgspec.Meta


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an engine may be told from outside. The unit stands last in a name; the meaning in the description."""

    home: Annotated[str, Meta(description="directory of all local state: database, spool, sockets, token, caches")] = "~/.engine"
    user: Annotated[str, Meta(max_length=100, description="whose traders run; one engine serves one user")] = ""
    exchange: Annotated[
        Literal["sim", "binance"], Meta(description="`sim` starts the built-in simulator, `binance` is the real one")
    ] = "sim"
    binance_api_url: Annotated[
        str,
        Meta(description="REST base URL, or several joined by commas in order; wins over `exchange`; empty: the exchange's own"),
    ] = ""
    binance_ws_url: Annotated[
        str, Meta(description="WebSocket base URL, or several as above; wins over `exchange`; empty: the exchange's own")
    ] = ""
    database_url: Annotated[str, Meta(description="Postgres URL; empty: an embedded server in `home`")] = ""
    workers: Annotated[
        str, Meta(pattern="^(auto|[0-9]+)$", description="worker processes; `auto`: CPUs granted by affinity and cgroup quota")
    ] = "auto"
    max_workers: Annotated[int, Meta(ge=1, le=64, description="upper bound of the pool, also for `resize`")] = 8
    indicator_memory_mb: Annotated[
        int, Meta(ge=16, le=400, description="memory of each worker for remembered indicators; the least recently used go first")
    ] = 256
    symbols: Annotated[str, Meta(description="universe: the N most traded by 24 h quote volume, or names joined by commas")] = (
        "100"
    )
    rerank_s: Annotated[
        float, Meta(ge=0, le=1_000_000, description="seconds after which the most traded symbols are chosen anew; 0: never")
    ] = 3_600.0
    relist_s: Annotated[
        float, Meta(ge=1, le=1_000_000, description="seconds after which the exchange is asked again which symbols it trades")
    ] = 300.0
    quote_asset: Annotated[str, Meta(max_length=20, description="quote asset of symbols chosen by volume")] = "USDT"
    max_symbols: Annotated[int, Meta(ge=1, le=4096, description="room in the symbol table, fixed at start")] = 512
    max_intervals: Annotated[int, Meta(ge=1, le=13, description="room for intervals, fixed at start")] = 8
    history_bars: Annotated[
        int,
        Meta(
            ge=50, le=5000, description="most closed bars a filter sees per interval (at least 90 % of it once history is there)"
        ),
    ] = 1000
    catch_up_bars: Annotated[
        int, Meta(ge=0, le=1000, description="missed closes evaluated afterwards, per trader and symbol")
    ] = 60
    close_grace_ms: Annotated[int, Meta(ge=100, le=600_000, description="a close that stays out longer is fetched over REST")] = (
        5_000
    )
    price_jump_percent: Annotated[
        float, Meta(ge=0, description="a close further than this from the one before it is noted, not dropped; 0: never")
    ] = 50.0
    silence_ms: Annotated[
        int, Meta(ge=1_000, le=600_000, description="a connection from which nothing comes for so long is replaced")
    ] = 10_000
    connection_max_age_s: Annotated[
        float,
        Meta(ge=1, le=86_000, description="age at which a connection is replaced, before the exchange cuts it at 24 hours"),
    ] = 82_800.0
    http: Annotated[
        str, Meta(description="address of health, metrics and control, HOST:PORT; port 0: any free one; `off`: none")
    ] = "127.0.0.1:8080"
    api_token: Annotated[str, Meta(description="bearer token of the HTTP interface; empty: made at first start in `home`")] = ""
    run_seconds: Annotated[float, Meta(ge=0, description="stop after so many seconds; 0: run until told")] = 0.0
    log_format: Annotated[Literal["text", "json"], Meta(description="how log lines look on stderr")] = "text"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="least important log line shown")] = (
        "info"
    )
    filter_soft_limit_ms: Annotated[
        int, Meta(ge=10, le=60_000, description="CPU time a filter may use for its symbols in one step")
    ] = 500
    task_hard_limit_ms: Annotated[
        int, Meta(ge=100, le=600_000, description="wall time after which a worker that does not answer is killed")
    ] = 5_000
    allow_unsandboxed: Annotated[
        bool, Meta(description="run filters also where the kernel cannot lock workers down; only for filters you trust")
    ] = False
    strikes: Annotated[
        int, Meta(ge=1, le=100, description="overruns and answers that are none, at as many instants, before a trader is paused")
    ] = 3
    strike_forget_s: Annotated[
        float,
        Meta(ge=1, le=1_000_000, description="market time after which a strike is forgotten, and never before ten refreshes"),
    ] = 3_600.0
    pause_signals_per_hour: Annotated[
        int, Meta(ge=0, le=1_000_000, description="a trader with more signals in an hour of the market is paused; 0: never")
    ] = 100
    stop_signals_per_hour: Annotated[
        int, Meta(ge=0, le=1_000_000, description="beyond so many, further ones are not stored until it is resumed; 0: no bound")
    ] = 1_000
    ingest: Annotated[
        Literal["auto", "python"],
        Meta(description="how frames are read: `auto` uses machine code, made at first start; `python` never does"),
    ] = "auto"
    max_streams_per_connection: Annotated[int, Meta(ge=1, le=1024, description="streams on one WebSocket connection")] = 400
    rest_concurrency: Annotated[int, Meta(ge=1, le=64, description="history requests in flight at once")] = 8
    rest_timeout_s: Annotated[float, Meta(gt=0, le=300, description="time for one REST request")] = 10.0
    rest_retries: Annotated[
        int, Meta(ge=0, le=100, description="repeats of a failed REST request before the part is put back")
    ] = 5
    weight_limit_percent: Annotated[
        int, Meta(ge=1, le=100, description="share of the exchange's request weight that the engine may use")
    ] = 80
    spool_max_mb: Annotated[
        int, Meta(ge=1, le=1_000_000, description="size of the signal spool at which the engine degrades by name")
    ] = 1_024
    record_dir: Annotated[
        str, Meta(description="directory in which all that the exchange sends is recorded as it came; empty: nothing is")
    ] = ""
    record_max_mb: Annotated[
        int, Meta(ge=1, le=10_000_000, description="disk space for recordings; beyond it the oldest files of `record_dir` go")
    ] = 10_000
    shutdown_timeout_s: Annotated[
        float, Meta(gt=0, le=600, description="time for an orderly stop before processes are killed")
    ] = 10.0
    default_interval: Annotated[str, Meta(description="refresh of a trader that neither states one nor reads klines")] = "5m"
    sim_speed: Annotated[float, Meta(gt=0, le=1_000_000, description="how fast the simulator's time runs")] = 1.0
    sim_seed: Annotated[int, Meta(ge=0, description="seed of the simulator's market")] = 1
    sim_data: Annotated[str, Meta(description="recorded candles (Parquet) the simulator replays instead of its own market")] = ""
    sim_start: Annotated[
        str, Meta(description="instant at which the simulator's time begins, ISO 8601; empty: now, or where the data allow")
    ] = ""
    machine_id: Annotated[str, Meta(description="name of this machine in the records of the database")] = ""
    machine_region: Annotated[str, Meta(description="region of this machine in the records of the database")] = ""
    machine_cpus: Annotated[int, Meta(ge=0, le=64, description="vCPUs the platform says this machine has; 0: measured")] = 0
    redis_url: Annotated[str, Meta(description="cache shared by several engines; empty: none")] = ""
    use_collector: Annotated[bool, Meta(description="take market data from a collector instead of the exchange")] = False
    collector_url: Annotated[str, Meta(description="address of the collector")] = ""
    fly_api_token: Annotated[str, Meta(description="token of the machine platform, for scaling")] = ""
    enable_historical_fetch: Annotated[bool, Meta(description="fill history over REST before the first evaluation")] = True
    enable_dynamic_intervals: Annotated[bool, Meta(description="subscribe only to intervals that traders read")] = True
    screening_interval_ms: Annotated[
        int, Meta(ge=0, description="refresh in ms for traders that state none; 0: their shortest interval")
    ] = 0

    @property
    def home_path(self) -> Path:
        """`home` as an absolute path."""
        return Path(self.home).expanduser().absolute()

    def __repr__(self) -> str:
        """All values, secrets masked, so that it may be logged."""
        values = ((name, getattr(self, name)) for name in self.__struct_fields__)
        shown = (f"{name}={'***' if name in SECRETS and value else value!r}" for name, value in values)
        return f"Settings({', '.join(shown)})"


#: Read because deployments set them, for capabilities that this version does not have; `engine run` says so when one is set.
RESERVED = frozenset(
    {"redis_url", "use_collector", "collector_url", "fly_api_token", "machine_id", "machine_region", "enable_dynamic_intervals"}
)

#: Fields whose value never appears in a log or a process title.
SECRETS = frozenset({"api_token", "database_url", "fly_api_token", "redis_url"})

#: Names of deployments that exist, read as well; `ENGINE_…` wins where both are set.
LEGACY: dict[str, str] = {
    "USER_ID": "user",
    "MACHINE_ID": "machine_id",
    "MACHINE_REGION": "machine_region",
    "MACHINE_CPUS": "machine_cpus",
    "DATABASE_URL": "database_url",
    "BINANCE_API_URL": "binance_api_url",
    "BINANCE_WS_URL": "binance_ws_url",
    "REDIS_URL": "redis_url",
    "USE_COLLECTOR": "use_collector",
    "COLLECTOR_URL": "collector_url",
    "LOG_LEVEL": "log_level",
    "SCREENING_INTERVAL_MS": "screening_interval_ms",
    "KLINE_INTERVAL": "default_interval",
    "HISTORICAL_FETCH_RATE_LIMIT": "rest_concurrency",
    "HISTORICAL_FETCH_TIMEOUT": "rest_timeout_s",
    "HISTORICAL_FETCH_MAX_RETRIES": "rest_retries",
    "ENABLE_HISTORICAL_FETCH": "enable_historical_fetch",
    "ENABLE_DYNAMIC_INTERVALS": "enable_dynamic_intervals",
    "FLY_API_TOKEN": "fly_api_token",
}

#: Variables of the command line itself, which are not settings of the engine.
COMMAND_VARIABLES = frozenset(
    {
        "ENGINE_DEBUG",
        "ENGINE_JSON",
        "ENGINE_PROCESS",
        "ENGINE_EXAMPLES",
        "ENGINE_INDICATORS_GROUP",
        "ENGINE_INDICATORS_SEARCH",
        "ENGINE_SINCE",
        "ENGINE_LIMIT",
        "ENGINE_FOLLOW",
        "ENGINE_DISABLED",
        "ENGINE_FORCE",
        "ENGINE_TEST_CLOSES",
        "ENGINE_TEST_SYMBOLS",
        "ENGINE_TEST_PICTURE",
        "ENGINE_NEW_EXAMPLE",
        "ENGINE_SIM_HOST",
        "ENGINE_SIM_PORT",
        "ENGINE_SIM_UNTIL",
        "ENGINE_SIM_REPLAY",
        "ENGINE_SIM_SYMBOLS",
        "ENGINE_SIM_HOLD",
        "ENGINE_SIM_READY_FD",
        "ENGINE_SIM_DIE_WITH_PARENT",
        "ENGINE_SIM_FAULT",
        "ENGINE_SIM_FAULT_SEED",
        "ENGINE_SIM_CLOSE_LAG_MS",
        "ENGINE_SIM_UPDATE_MS",
        "ENGINE_BENCH_LIST",
        "ENGINE_BENCH_JSON",
        "ENGINE_BENCH_COMPARE",
        "ENGINE_BENCH_ROUNDS",
    }
)


def without_effect(settings: Settings) -> list[str]:
    """Names of settings that were given and that nothing in this version looks at."""
    defaults = dict(zip(Settings.__struct_fields__, Settings.__struct_defaults__, strict=True))
    return sorted(name for name in RESERVED if getattr(settings, name) != defaults[name])


def load(overrides: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Merge defaults, environment and `overrides` (values that are None count as absent); raises SettingsError."""
    environ = os.environ if environ is None else environ
    values: dict[str, object] = {}
    sources: dict[str, str] = {}
    for variable, field in LEGACY.items():
        if environ.get(variable):
            values[field], sources[field] = _legacy_value(variable, environ[variable]), variable
    for variable, text in environ.items():
        if not variable.startswith("ENGINE_") or variable in COMMAND_VARIABLES:
            continue
        field = variable.removeprefix("ENGINE_").lower()
        if field not in Settings.__struct_fields__:
            raise SettingsError("unknown setting", variable, f"did you mean {_nearest(field)}?")
        values[field], sources[field] = text, variable
    for field, value in (overrides or {}).items():
        if value is not None:
            values[field], sources[field] = value, f"--{field.replace('_', '-')}"
    return _convert(values, sources)


def _convert(values: dict[str, object], sources: dict[str, str]) -> Settings:
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$.")
        field = place.rstrip("`")
        found = "***" if field in SECRETS else repr(values.get(field, ""))
        raise SettingsError(
            f"setting {sources.get(field, field)} is refused", found, message[:1].lower() + message[1:]
        ) from error


def _legacy_value(variable: str, text: str) -> str:
    """Older deployments wrote levels in capitals and timeouts in milliseconds."""
    if variable == "LOG_LEVEL":
        return {"warn": "warning"}.get(text.lower(), text.lower())
    if variable == "HISTORICAL_FETCH_TIMEOUT" and text.isdigit() and int(text) >= 1_000:
        return str(int(text) / 1_000)
    return text


def _nearest(field: str) -> str:
    close = difflib.get_close_matches(field, Settings.__struct_fields__, n=1)
    return f"ENGINE_{close[0].upper()}" if close else "one listed in docs/settings.md"


def describe() -> list[dict[str, Any]]:
    """One record a setting: name, variables, type, default, bounds, meaning; the reference page is made of it."""
    hints = get_type_hints(Settings, include_extras=True)
    older = {field: variable for variable, field in LEGACY.items()}
    rows = []
    for field, default in zip(Settings.__struct_fields__, Settings.__struct_defaults__, strict=True):
        annotated, *metas = get_args(hints[field])
        rows.append(
            {
                "name": field,
                "variable": f"ENGINE_{field.upper()}",
                "older": older.get(field, ""),
                "type": "|".join(get_args(annotated)) if get_origin(annotated) is Literal else annotated.__name__,
                "default": default,
                "bounds": _bounds(metas[0]),
                "meaning": metas[0].description,
            }
        )
    return rows


def _bounds(meta: msgspec.Meta) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤"}
    return " ".join(f"{sign} {getattr(meta, key)}" for key, sign in signs.items() if getattr(meta, key) is not None)
