"""What is left of the truth after faults: an outage of everything, and an hour of faults by chance. A part of the suite feeds.

The verdict on a scenario is `benchmarks.judge`'s: shared memory against what the simulator produced, bar by bar.
"""

import statistics
import time
from typing import Any

from benchmarks import chaos, processes
from benchmarks.judge import Judge
from benchmarks.processes import Exchange
from engine.sim.synthetic import SyntheticMarket

OUTAGE_S = 30.0
OUTAGE_INTERVALS = ("1m", "5m", "15m", "1h")
#: So many bars of one minute close during the outage, times two thirds.
OUTAGE_SPEED = 20.0
BACK_GOAL_S = 5.0
CHAOS_SYMBOLS, CHAOS_INTERVALS = 50, ("1m", "3m", "5m", "15m")
CHAOS_SPEED, CHAOS_S, CHAOS_PAUSE_S = 60.0, 60.0, 0.8
#: After the last fault everything has to be whole again within this time; pauses between attempts may have grown to a minute.
CALM_S = 100.0
SILENCE_MS = 3_000


def rows(rounds: int) -> list[dict[str, Any]]:
    """Rows for a report."""
    return [*outages(rounds), *hours_of_faults(rounds)]


def outages(rounds: int) -> list[dict[str, Any]]:
    """Nothing reaches the exchange for a while; how soon all series are complete and live after it can be reached again."""
    taken, found, fetched, missing = [], [], 0, 0
    for _ in range(rounds):
        with (
            processes.exchange("--speed", str(OUTAGE_SPEED)) as exchange,
            processes.feed(exchange, (100, 4, 1_200), symbols="100") as feed,
        ):
            judge = Judge(exchange, feed)
            judge.require(feed.ask("universe")["symbols"], OUTAGE_INTERVALS)
            feed.wait("live", 60.0)
            before, rows_before = feed.ask("report")["stats"], exchange.audit()["klines"]["rows"]
            exchange.strike("refuse", where="all", for_s=OUTAGE_S)
            exchange.strike("drop")
            time.sleep(OUTAGE_S)
            taken.append(feed.wait("live", CALM_S)["took_s"])
            fetched += exchange.audit()["klines"]["rows"] - rows_before
            missing += feed.ask("report")["stats"]["repaired"] - before["repaired"]
            found += judge.verdict()
    row = {"case": "30 s outage, 400 series: return until all live", "median_s": round(statistics.median(taken), 2)}
    row |= {"slowest_s": round(max(taken), 2), "rows_missing": missing, "rows_fetched": fetched, "lies": len(found)}
    reached = max(taken) < BACK_GOAL_S and not found
    return [row | {"goal": f"{BACK_GOAL_S:g} s, only missing rows", "reached": reached}]


def hours_of_faults(rounds: int) -> list[dict[str, Any]]:
    """An hour of the exchange's time with faults of all kinds, each round another seed."""
    return [hour_of_faults(seed) for seed in range(1, rounds + 1)]


def hour_of_faults(seed: int) -> dict[str, Any]:
    """One hour; what is wrong afterwards stands in the row."""
    with (
        processes.exchange("--speed", str(CHAOS_SPEED), "--symbols", str(CHAOS_SYMBOLS), "--seed", str(seed)) as exchange,
        processes.feed(
            exchange,
            (CHAOS_SYMBOLS, len(CHAOS_INTERVALS), 1_400),
            symbols=str(CHAOS_SYMBOLS),
            max_streams_per_connection=60,
            silence_ms=SILENCE_MS,
            close_grace_ms=1_000,
        ) as feed,
    ):
        judge = Judge(exchange, feed, close_grace_ms=1_000, market=SyntheticMarket(seed, CHAOS_SYMBOLS))
        judge.require(feed.ask("universe")["symbols"], CHAOS_INTERVALS)
        strikes, by_fault = disturb(exchange, seed, CHAOS_S, CHAOS_PAUSE_S)
        took_s = feed.wait("live", CALM_S)["took_s"]
        found = judge.verdict()
        audit, report = exchange.audit(), feed.ask("report")
        own_bans = audit["replies"].get("418", 0) - by_fault
    stats = report["stats"]
    row = {"case": f"an hour of faults over 200 series, seed {seed}", "faults": strikes, "live_after_s": round(took_s, 2)}
    row |= {"closes": report["told"], "repaired": stats["repaired"], "lies": len(found), "bans": own_bans}
    row |= {"changes_unheard": judge.unheard}
    row |= {"first_lie": found[0]} if found else {}
    return row | {"goal": "no lie, no 418", "reached": not found and not own_bans}


def disturb(exchange: Exchange, seed: int, length_s: float, pause_s: float, kinds: chaos.Kinds | None = None) -> tuple[int, int]:
    """Strike by the seed's schedule, then end all faults; how many there were, and how many replies of 418 were theirs."""
    begun_s, strikes = time.monotonic(), chaos.schedule(seed, length_s, pause_s, kinds)
    for strike in strikes:
        time.sleep(max(0.0, begun_s + strike.at_s - time.monotonic()))
        exchange.strike(**strike.fields)
    time.sleep(max(0.0, begun_s + length_s - time.monotonic()))
    faults = exchange.call("/sim/faults")
    exchange.relent()
    return len(strikes), sum(fault["struck"] for fault in faults if fault.get("status") == 418)
