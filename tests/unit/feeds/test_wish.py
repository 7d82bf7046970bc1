"""From a wish to slots: a series without a place keeps no other from its own."""

import pytest

from engine.base.errors import CandleError
from engine.candles.layout import NAME_BYTES
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.feeds.asks import Tally
from engine.feeds.gates import Gates
from engine.feeds.intake import Intake
from engine.feeds.needs import Now
from engine.feeds.watch import Watch
from engine.feeds.wish import Wish


def test_one_name_that_does_not_fit_keeps_nobody_else_out() -> None:
    segment = Segment.create(4, 2, 8)
    writer = Writer(segment)
    gates = Gates(writer)
    watch, intake = Watch(1_000.0), Intake(gates)
    wish = Wish(writer, watch, gates, intake, Tally(), lambda *_: None, history_bars=8, fetches=True)
    needed = {name: {"1m", "5m"} for name in ("AUSDT", "B" * (NAME_BYTES + 1), "CUSDT")}
    try:
        for now_s in (0.0, 1.0):
            with pytest.raises(CandleError, match="does not fit"):
                wish.fulfil(needed, {}, {}, Now(1_700_000_000_000, now_s, 1.0))

            wanted = ["ausdt@kline_1m", "cusdt@kline_1m", "ausdt@kline_5m", "cusdt@kline_5m"]
            assert watch.streams == list(intake.streams) == wanted
    finally:
        gates.close()
        segment.close()
