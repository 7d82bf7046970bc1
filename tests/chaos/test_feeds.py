"""Seeded faults of all kinds at once, against a bare feed: afterwards shared memory is the truth.

`engine bench feeds` does an hour of it, over more series.
"""

import pytest

from benchmarks import chaos, processes
from benchmarks.feed_faults import disturb
from benchmarks.judge import Judge
from engine.sim.synthetic import SyntheticMarket

SYMBOLS, INTERVALS, SPEED = 16, ("1m", "3m", "5m"), 60
CHAOS_S, PAUSE_S = 4.0, 0.2
#: Pauses between attempts grow while everything fails; a few seconds of faults make them no longer than this.
CALM_S = 30.0
GRACE_MS, SILENCE_MS = 500, 1_500


#: Without 403 and 451, after which nothing is asked for half a minute.
REFUSALS = ({"status": 429, "retry_after_s": 1, "count": 2}, {"status": 500, "count": 3}, {"status": 503, "count": 3})
KINDS = {**chaos.KINDS, "http": lambda dice: dice.choice(REFUSALS)}


@pytest.mark.parametrize("seed", [1, 2])
def test_after_faults_of_all_kinds_every_closed_bar_is_there_once_and_right(seed: int) -> None:
    settings = {"symbols": str(SYMBOLS), "close_grace_ms": GRACE_MS, "silence_ms": SILENCE_MS, "history_bars": 200}
    with (
        processes.exchange("--speed", str(SPEED), "--symbols", str(SYMBOLS), "--seed", str(seed)) as exchange,
        processes.feed(exchange, (SYMBOLS, len(INTERVALS), 600), max_streams_per_connection=16, **settings) as feed,
    ):
        # Given
        judge = Judge(exchange, feed, history_bars=200, close_grace_ms=GRACE_MS, market=SyntheticMarket(seed, SYMBOLS))
        judge.require(feed.ask("universe")["symbols"], INTERVALS)
        # When
        _, bans = disturb(exchange, seed, CHAOS_S, PAUSE_S, KINDS)
        told = feed.ask("report")["told"]
        feed.wait("closes", CALM_S, count=told + SYMBOLS)
        feed.wait("live", CALM_S)
        # Then
        assert judge.verdict() == []
        assert exchange.audit()["replies"].get("418", 0) == bans
