"""What is worth a look is told soon, and however much of it there is, the log stays short."""

import pytest

from engine.feeds.incidents import Incidents
from engine.feeds.news import LINES_MAX, PAUSE_S, News


def test_a_market_that_leaps_all_day_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    # Given a leap of some bar at every look, four times a second
    incidents = Incidents()
    news = News(incidents)
    for look in range(int(4 * 3 * PAUSE_S)):
        incidents.jump("BTCUSDT", "1m", look * 60_000, 1.0, 2.0)
        news.tell(look / 4)

    # Then the first is told at once, the others a few at a time and counted
    assert "1970-01-01T00:00:00" in caplog.records[0].getMessage()
    assert len(caplog.records) == 1 + 2 * (LINES_MAX + 1)
    assert caplog.records[-1].getMessage() == f"{int(4 * PAUSE_S) - LINES_MAX} more bars were corrected, or leapt"


def test_quiet_times_cost_no_pause(caplog: pytest.LogCaptureFixture) -> None:
    incidents = Incidents()
    news = News(incidents)
    news.tell(100.0)
    incidents.jump("BTCUSDT", "1m", 60_000, 1.0, 2.0)
    news.tell(100.25)

    assert len(caplog.records) == 1


def test_streams_that_fall_silent_one_after_another_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    # Given three streams a second that are found silent for half a minute
    news = News(Incidents())
    for look in range(int(4 * 3 * PAUSE_S)):
        news.silent([f"s{look % 7}"] if look % 4 else [])
        news.tell(look / 4)

    # Then the first is told at once, and of the others how many they are
    messages = [record.getMessage() for record in caplog.records]
    assert messages[0].startswith("1 streams are silent although the exchange trades, such as s1")
    assert [message.split()[0] for message in messages[1:]] == ["7", "7"]
