"""Which bars are fetched first, how much is left, and who waits for what."""

from types import SimpleNamespace
from typing import Any

import pytest

from engine.binance.rest import KLINES_MAX
from engine.feeds.asks import Ask
from engine.feeds.parts import REASON_LENGTH_MAX, Pace, Part, Parts, Waiting

MINUTE = 60_000
HOUR = 60 * MINUTE


def slot(symbol: str = "A", length_ms: int = MINUTE) -> Any:
    """As much of a slot as matters here."""
    name = {MINUTE: "1m", HOUR: "1h"}[length_ms]
    return SimpleNamespace(symbol=symbol, interval=name, series=SimpleNamespace(length_ms=length_ms), released=False)


def first(bars: int, length_ms: int = MINUTE) -> Ask:
    return Ask(0, (bars - 1) * length_ms, first=True)


def pushed(parts: Parts, of: Any, ask: Ask, now_ms: int = 0) -> Part:
    part = parts.add(of, ask, now_ms)
    parts.push(part)
    return part


def test_repairs_come_first_then_history_by_interval_then_what_is_older() -> None:
    # Given
    parts = Parts()
    older = pushed(parts, slot(), Ask(0, MINUTE, older=True))
    hours = pushed(parts, slot("A", HOUR), first(3, HOUR))
    minutes = pushed(parts, slot("B"), first(3))
    more_minutes = pushed(parts, slot("C"), first(3))
    repair = pushed(parts, slot("D", HOUR), Ask(0, HOUR))

    # When
    order = [parts.pop() for _ in range(5)]

    # Then
    assert order == [repair, minutes, more_minutes, hours, older]
    assert parts.pop() is None


def test_what_nobody_needs_any_more_is_dropped() -> None:
    parts = Parts()
    part = pushed(parts, slot(), first(3))
    part.slot.released = True
    assert parts.pages_left == 0
    assert parts.pop() is None
    assert not parts.is_loading


@pytest.mark.parametrize(
    "ask, limit, pages",
    [
        (first(1), KLINES_MAX, 1),
        (first(1_440), KLINES_MAX, 2),
        (first(1_000), KLINES_MAX, 1),
        (Ask(0, 0), 2, 1),
        (Ask(0, 9 * MINUTE), 11, 1),
        (Ask(0, 2_000 * MINUTE), KLINES_MAX, 3),
        (Ask(0, 9 * MINUTE, older=True), 11, 1),
    ],
)
def test_a_page_is_as_long_as_what_is_missing(ask: Ask, limit: int, pages: int) -> None:
    part = Part(slot(), ask, 0)
    assert (part.limit, part.pages) == (limit, pages)


def test_pages_left_are_those_of_history_and_become_fewer() -> None:
    parts = Parts()
    part = pushed(parts, slot(), first(1_440))
    pushed(parts, slot("B"), Ask(0, MINUTE))
    assert parts.pages_left == 2

    parts.done(part, part.ask._replace(start_ms=1_000 * MINUTE))
    assert parts.pages_left == 1
    assert parts.is_loading

    parts.done(part, None)
    assert parts.pages_left == 0
    assert not parts.is_loading


def test_who_waits_is_told_by_name_with_the_reason_longest_first() -> None:
    # Given
    parts = Parts()
    late, early = pushed(parts, slot("LATE"), first(3), now_ms=9), pushed(parts, slot("EARLY"), first(3), now_ms=5)
    pushed(parts, slot("FINE"), first(3), now_ms=1)

    # When
    parts.failed(late, "HTTP 502")
    parts.failed(early, "x" * 9_999)

    # Then
    assert parts.waiting(9, "") == [
        Waiting("EARLY", "1m", "x" * REASON_LENGTH_MAX, 5),
        Waiting("LATE", "1m", "HTTP 502", 9),
    ]
    assert [found.symbol for found in parts.waiting(1, "")] == ["EARLY"]
    # And when nothing may be sent at all, everybody waits for that
    assert [found.symbol for found in parts.waiting(9, "pause")] == ["FINE", "EARLY", "LATE"]

    parts.done(early, None)
    assert [found.symbol for found in parts.waiting(9, "")] == ["LATE"]
    assert (late.failures, early.failures, parts.failing) == (1, 0, 1)


def test_a_series_that_fails_for_ever_is_not_called_loading() -> None:
    parts = Parts()
    part = pushed(parts, slot(), first(3))
    assert parts.is_loading
    parts.failed(part, "refused")
    assert not parts.is_loading


def test_the_time_left_goes_by_the_pace_of_the_newest_pages() -> None:
    pace = Pace()
    assert pace.seconds_for(1) is None
    for at_s in (0.0, 100.0):
        pace.page(at_s)
    assert pace.seconds_for(2) == 200.0
    for number in range(1_000):
        pace.page(101.0 + number / 10)
    assert pace.seconds_for(100) == pytest.approx(10.0)
