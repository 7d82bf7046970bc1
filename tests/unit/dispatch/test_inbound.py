"""Bytes of workers, as far as they are believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dispatch.answers import plain_text
from engine.dispatch.events import LoadedOn, Nonsense, PongHeard, RefusedOn, TaskAnswered, WorkerReady
from engine.dispatch.inbound import event_of, message_of
from engine.dispatch.stats import percentile
from engine.wire.codec import encode
from engine.wire.messages import Bye, FilterLoaded, FilterRefusal, FilterResult, Message, Pong, Ready, TaskDone


@pytest.mark.parametrize(
    "message, event",
    [
        (Ready(3, 10), WorkerReady(3, 1)),
        (Pong(4, 1, 1, 1), PongHeard(3, 1, 4)),
        (TaskDone(5, (FilterResult(0, 0, 1, 2),), 1, 1), TaskAnswered(3, 1, 5, (FilterResult(0, 0, 1, 2),))),
        (FilterLoaded(6, "5m", ("BTCUSDT",), ("5m",), 20), LoadedOn(3, 1, FilterLoaded(6, "5m", ("BTCUSDT",), ("5m",), 20))),
        (FilterRefusal(7, 1, 2, "a\x1bb", "no\n"), RefusedOn(3, 1, FilterRefusal(7, 1, 2, "a b", "no "))),
        (Bye("asked to"), None),
    ],
)
def test_messages_become_events(message: Message, event: object) -> None:
    assert event_of(3, 1, message_of(encode(message))) == event


@pytest.mark.parametrize(
    "message",
    [
        Ready(4, 10),
        Ready(3, 10, protocol=99),
        FilterLoaded(1, "5m\n"),
        FilterLoaded(1, intervals=("7m",)),
        FilterLoaded(1, intervals=("5m", "5m")),
        FilterLoaded(1, symbols=("X" * 65,)),
        FilterLoaded(1, symbols=tuple(str(n) for n in range(5_000))),
        FilterLoaded(1, lookback=-1),
    ],
)
def test_what_cannot_be_is_nonsense(message: Message) -> None:
    assert isinstance(event_of(3, 1, message_of(encode(message))), Nonsense)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_nonsense(data: bytes) -> None:
    event_of(3, 1, message_of(data))


def test_texts_of_workers_are_fit_for_a_terminal() -> None:
    assert plain_text("a\x1b[2J\u2028\x00b" + "x" * 1000)[:9] == "a [2J  bx"
    assert len(plain_text("x" * 1000)) == 500


def test_percentiles_are_of_the_nearest_rank() -> None:
    assert percentile([], 0.99) == 0.0
    assert percentile([1.0], 0.5) == 1.0
    assert percentile([float(n) for n in range(1, 101)], 0.99) == 99.0
    assert percentile([float(n) for n in range(1, 101)], 0.5) == 50.0
