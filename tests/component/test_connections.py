"""Connections over real sockets: what is wished arrives, event by event, whatever becomes of a single socket."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.feeds.attempts_file import NAME
from engine.feeds.backoff import ATTEMPTS_MAX
from engine.feeds.connections import Connections
from tests.component.stream_server import Listener, Peer, StreamServer, until

TEN = [f"s{number}@kline_1m" for number in range(10)]


@pytest.fixture
async def server() -> AsyncIterator[StreamServer]:
    async with StreamServer() as made:
        yield made


@asynccontextmanager
async def connected(urls: str, names: Sequence[str] = (), **changes: object) -> AsyncIterator[tuple[Connections, Listener]]:
    """Connections that are to carry `names`, and what they heard."""
    listener = Listener()
    values: dict[str, object] = {"max_streams": 400, "silence_ms": 1_000, **changes}
    connections = Connections(
        urls,
        listener.take,
        listener.note_subscribed,
        listener.note_lost,
        **values,  # type: ignore[arg-type]
    )
    try:
        connections.mend(names)
        yield connections, listener
    finally:
        await connections.close()


def carried(server: StreamServer) -> list[str]:
    """The streams of all sockets that are open."""
    return sorted(name for peer in server.open for name in peer.streams)


async def settled(server: StreamServer, listener: Listener, names: Sequence[str]) -> None:
    """Wait until each of these was heard, on one socket."""
    await until(lambda: carried(server) == sorted(names) and all(listener.numbers[name] for name in names), "all carried")


async def more(listener: Listener, name: str, count: int = 10) -> None:
    """Wait for so many events more."""
    wanted = len(listener.numbers[name]) + count
    await until(lambda: len(listener.numbers[name]) >= wanted, f"{count} more of {name}")


# --- one socket takes the place of another ------------------------------------------------------------------------------


async def test_an_old_socket_is_replaced_without_an_event_missed(server: StreamServer) -> None:
    async with connected(server.url, TEN, max_age_s=1.5) as (connections, listener):
        await until(lambda: connections.stats["replacements"] >= 2, "two replacements")
        await more(listener, TEN[0])

        assert all(listener.missed(name) == set() for name in TEN)
        assert listener.lost == []
        assert sorted(listener.subscribed) == TEN
        assert connections.stats["reconnects"] == 0
        # While both were up, events came twice.
        assert len(listener.numbers[TEN[0]]) > len(set(listener.numbers[TEN[0]]))


async def test_an_announced_shutdown_brings_another_socket_before_the_old_one_goes(server: StreamServer) -> None:
    async with connected(server.url, TEN) as (connections, listener):
        await settled(server, listener, TEN)
        await server.announce_shutdown()
        await until(lambda: connections.stats["replacements"] == 1, "replaced")
        await more(listener, TEN[0])

        assert len(server.peers) == 2
        assert all(listener.missed(name) == set() for name in TEN)
        assert listener.lost == []
        assert carried(server) == TEN


async def test_an_old_socket_that_lags_is_heard_to_its_end(server: StreamServer) -> None:
    async with connected(server.url, TEN, silence_ms=5_000) as (connections, listener):
        await settled(server, listener, TEN)
        # Given events that are still on their way
        old = server.open[0]
        await until(lambda: len(old.said) == 2, "subscribed and compared")
        await more(listener, TEN[0], 2)
        old.held = []
        told = server.numbers[TEN[0]]
        await until(lambda: server.numbers[TEN[0]] > told + 5, "more events")
        await server.announce_shutdown()
        # When the new socket delivers already
        await until(lambda: max(listener.numbers[TEN[0]]) > told + 5, "events of the new socket")
        await until(lambda: len(old.said) == 3, "the last question")
        await old.release()
        await until(lambda: connections.stats["replacements"] == 1, "replaced")

        assert all(listener.missed(name) == set() for name in TEN)


async def test_an_old_socket_that_dies_meanwhile_leaves_everything_to_the_new_one(server: StreamServer) -> None:
    async with connected(server.url, TEN) as (_, listener):
        await settled(server, listener, TEN)
        # Given a successor that carries all but has delivered nothing yet
        server.born_mute = True
        await server.announce_shutdown()
        await until(lambda: len(server.open) == 2 and len(server.open[1].streams) == len(TEN), "both up")
        await until(lambda: server.open[1].said[-1]["method"] == "LIST_SUBSCRIPTIONS", "confirmed")
        await asyncio.sleep(0)
        # When
        first, second = server.open
        second.mute = False
        server.abort(first)
        await until(lambda: len(server.open) == 1, "the first is gone")
        await more(listener, TEN[0])

        assert listener.lost == []
        assert len(server.peers) == 2


async def test_without_a_replacement_the_old_socket_stays_until_it_is_cut(server: StreamServer) -> None:
    async with connected(server.url, TEN) as (connections, listener):
        await settled(server, listener, TEN)
        server.refuse = True
        await server.announce_shutdown()
        await until(lambda: server.attempts >= 3, "attempts")
        await more(listener, TEN[0])
        assert listener.lost == []
        assert connections.problem == ""

        server.abort(server.open[0])
        await until(lambda: sorted(listener.lost) == TEN, "lost")
        await until(lambda: "does not answer" in connections.problem or "connection lost" in connections.problem, "said so")
        server.refuse = False
        await settled(server, listener, TEN)
        assert connections.stats["reconnects"] == 1
        await until(lambda: sorted(listener.subscribed) == sorted(TEN * 2), "told that they are carried again")


async def test_a_successor_that_delivers_nothing_does_not_take_over(server: StreamServer) -> None:
    async with connected(server.url, TEN, silence_ms=1_000) as (connections, listener):
        await settled(server, listener, TEN)
        server.born_mute = True
        await server.announce_shutdown()
        await until(lambda: len(server.peers) >= 3, "a second attempt", 20.0)
        server.born_mute = False
        for peer in server.open[1:]:
            peer.mute = False
        await until(lambda: connections.stats["replacements"] == 1, "replaced", 20.0)
        await more(listener, TEN[0])
        assert all(listener.missed(name) == set() for name in TEN)
        assert listener.lost == []


async def test_an_exchange_that_complains_without_end_does_not_fill_the_log(
    server: StreamServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(server.url, TEN) as (connections, listener):
        await settled(server, listener, TEN)
        for _ in range(500):
            await server.open[0].send(json.dumps({"error": {"code": 2, "msg": "no\n\x1b[2J" + "!" * 10_000}, "id": None}))
        await until(lambda: connections.stats["refusals"] == 500, "heard")
        await more(listener, TEN[0])

    told = [record.getMessage() for record in caplog.records if "the exchange says" in record.getMessage()]
    assert 1 <= len(told) < 10
    assert all(line.isprintable() and len(line) < 300 for line in told)


# --- silence ------------------------------------------------------------------------------------------------------------


async def test_a_line_that_leads_nowhere_is_noticed_in_time(server: StreamServer) -> None:
    async with connected(server.url, TEN, silence_ms=2_000) as (connections, listener):
        await settled(server, listener, TEN)
        began_s = time.monotonic()
        server.open[0].alive.clear()
        await until(lambda: sorted(listener.lost) == TEN, "lost")
        assert time.monotonic() - began_s < 2.5
        await until(lambda: connections.stats["reconnects"] == 1, "another socket")
        await more(listener, TEN[0])


async def test_quiet_streams_are_left_in_peace_while_the_line_answers(server: StreamServer) -> None:
    server.dead.update(TEN)
    async with connected(server.url, TEN, silence_ms=1_000) as (connections, listener):
        await until(lambda: len(listener.subscribed) == len(TEN), "subscribed")
        # Longer than the silence allowed, several times.
        await asyncio.sleep(3.0)
        assert len(server.peers) == 1
        assert listener.lost == []
        assert connections.problem == ""


async def test_events_that_stop_while_the_line_answers_bring_another_socket(server: StreamServer) -> None:
    async with connected(server.url, TEN, silence_ms=1_000) as (connections, listener):
        await settled(server, listener, TEN)
        await more(listener, TEN[0], 30)
        server.open[0].mute = True
        await until(lambda: connections.stats["replacements"] == 1, "replaced")
        await more(listener, TEN[0])
        assert listener.lost == []


# --- subscriptions ------------------------------------------------------------------------------------------------------


async def test_a_subscribe_without_an_answer_is_found_out_and_repeated(
    server: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.feeds.link.ACK_TIMEOUT_S", 0.3)
    server.ignore_subscribes = 1
    async with connected(server.url, TEN) as (_, listener):
        await settled(server, listener, TEN)
        assert len(server.peers) == 1
        assert sorted(listener.subscribed) == TEN


async def test_a_socket_that_answers_nothing_is_given_up(server: StreamServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.feeds.link.ACK_TIMEOUT_S", 0.2)
    server.ignored = {"SUBSCRIBE", "LIST_SUBSCRIPTIONS"}
    async with connected(server.url, TEN, silence_ms=10_000) as (_, listener):
        await until(lambda: len(server.peers) >= 2, "another socket")
        server.ignored = set()
        await settled(server, listener, TEN)


async def test_what_the_exchange_forgot_is_subscribed_again_and_what_is_foreign_goes(
    server: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.feeds.subscriptions.CHECK_EVERY_S", 0.5)
    async with connected(server.url, TEN) as (connections, listener):
        await settled(server, listener, TEN)
        del server.open[0].streams[TEN[3]]
        server.open[0].streams["foreign@kline_1m"] = None
        await until(lambda: listener.lost == [TEN[3]], "noticed")
        await settled(server, listener, TEN)
        await until(lambda: listener.subscribed[-1] == TEN[3], "subscribed again")
        assert connections.stats["resubscribed"] == 1
        assert server.peers[0].said_of("UNSUBSCRIBE") == ["foreign@kline_1m"]


async def test_a_silent_stream_is_subscribed_again_when_told(server: StreamServer) -> None:
    async with connected(server.url, TEN) as (connections, listener):
        await settled(server, listener, TEN)
        connections.resubscribe([TEN[5]])
        assert listener.lost == [TEN[5]]
        await until(lambda: listener.subscribed[-1:] == [TEN[5]], "confirmed again")
        assert server.peers[0].said_of("UNSUBSCRIBE") == [TEN[5]]
        assert len(server.peers) == 1
        assert all(listener.missed(name) == set() for name in TEN if name != TEN[5])


async def test_a_stream_that_stays_silent_gets_another_socket(server: StreamServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.feeds.connection.YOUNG_S", 0.0)
    async with connected(server.url, TEN) as (connections, listener):
        await settled(server, listener, TEN)
        connections.resubscribe([TEN[5]])
        await until(lambda: listener.subscribed[-1:] == [TEN[5]], "confirmed again")
        connections.resubscribe([TEN[5]])
        await until(lambda: connections.stats["replacements"] == 1, "another socket")
        assert all(listener.missed(name) == set() for name in TEN if name != TEN[5])


async def test_a_name_the_exchange_does_not_know_keeps_no_other_out(
    server: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.feeds.link.REFUSED_PAUSE_S", 0.05)
    monkeypatch.setattr("engine.feeds.link.FRAME_PAUSE_S", 0.05)
    server.unknown = {TEN[2]}
    async with connected(server.url, TEN) as (connections, listener):
        known = [name for name in TEN if name != TEN[2]]
        await settled(server, listener, known)
        assert connections.stats["refusals"] >= 1
        # It does not keep a socket from being replaced either.
        await server.announce_shutdown()
        await until(lambda: connections.stats["replacements"] == 1, "replaced")


async def test_streams_for_which_there_is_no_room_go_elsewhere(server: StreamServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.feeds.link.REFUSED_PAUSE_S", 0.05)
    monkeypatch.setattr("engine.binance.streams.FRAME_NAMES_MAX", 3)
    server.max_streams = 6
    async with connected(server.url, TEN, max_streams=10) as (connections, listener):
        await settled(server, listener, TEN)
        await until(lambda: sorted(len(peer.streams) for peer in server.open) == [4, 6], "two sockets")
        assert connections.stats["connections"] == 2


async def test_a_connection_cut_for_too_much_carries_less(server: StreamServer) -> None:
    async with connected(server.url, TEN, max_streams=10) as (_, listener):
        await settled(server, listener, TEN)
        await server.open[0].socket.close(code=1008, message=b"Too many requests")
        await until(lambda: sorted(len(peer.streams) for peer in server.open) == [2, 8], "two sockets")
        assert carried(server) == TEN


# --- a changed plan -----------------------------------------------------------------------------------------------------


async def test_a_changed_plan_costs_no_other_stream_an_event(server: StreamServer) -> None:
    hundred = [f"other{number}@kline_1m" for number in range(100)]
    async with connected(server.url, TEN, max_streams=60) as (connections, listener):
        await settled(server, listener, TEN)
        for wish in (TEN + hundred, TEN + hundred[50:], TEN + hundred[::2], TEN):
            connections.mend(wish)
            await settled(server, listener, wish)
        await more(listener, TEN[0])

        assert all(listener.missed(name) == set() for name in TEN)
        assert all(len(set(listener.numbers[name])) == len(listener.numbers[name]) for name in TEN)
        assert not set(listener.lost) & set(TEN)
        assert connections.stats["reconnects"] == connections.stats["replacements"] == 0


async def test_a_stream_that_leaves_and_comes_again_at_once_is_told_to_be_subscribed(server: StreamServer) -> None:
    async with connected(server.url, TEN) as (connections, listener):
        await settled(server, listener, TEN)
        connections.mend(TEN[1:])
        connections.mend(TEN)
        assert listener.subscribed[-1] == TEN[0]
        await more(listener, TEN[0])
        assert server.peers[0].said_of("UNSUBSCRIBE") == []


async def test_control_frames_are_small_and_slow(server: StreamServer) -> None:
    names = [f"symbol{number}longname@kline_15m" for number in range(1_000)]
    async with connected(server.url, names, max_streams=1_000) as (_, listener):
        await until(lambda: len(listener.subscribed) == len(names), "subscribed")
        assert carried(server) == sorted(names)
    for peer in server.peers:
        assert all(len(text.encode()) <= 4_096 for _, text in peer.heard)
        assert busiest_second(peer) <= 4


def busiest_second(peer: Peer) -> int:
    """Most messages that came within a second."""
    moments = [moment for moment, _ in peer.heard]
    return max(sum(first <= moment < first + 1.0 for moment in moments) for first in moments)


# --- attempts and hosts -------------------------------------------------------------------------------------------------


async def test_attempts_of_earlier_starts_count(server: StreamServer, tmp_path: Path) -> None:
    # Given engines that crashed soon after they connected
    now_s = time.time()
    stamps = (f"{now_s - 1 + number / 1000:.3f}\n" for number in range(ATTEMPTS_MAX - 3))
    (tmp_path / NAME).write_text("".join(stamps))

    # When it starts again and again
    for _ in range(6):
        async with connected(server.url, TEN, state_dir=tmp_path) as (connections, _listener):
            await until(lambda: server.open or connections.stats["attempts_5m"] >= ATTEMPTS_MAX, "an attempt, or none left")
        await until(lambda: not server.open, "gone")

    # Then no more are made than are left
    assert server.attempts == 3


async def test_another_host_is_tried_when_one_fails_and_left_when_it_is_back(
    server: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.binance.hosts.REST_S", 1.0)
    monkeypatch.setattr("engine.feeds.connection.full_jitter_s", lambda *_: 0.05)
    async with StreamServer() as other:
        server.refuse = True
        async with connected(f"{server.url},{other.url}", TEN) as (connections, listener):
            await settled(other, listener, TEN)
            assert connections.host == f"{other.url}/stream"
            assert server.attempts == 3

            server.refuse = False
            await asyncio.sleep(1.0)
            await other.announce_shutdown()
            await settled(server, listener, TEN)
            await until(lambda: connections.host == f"{server.url}/stream", "back at the first")
            assert listener.lost == []


async def test_when_the_exchange_is_known_to_be_back_no_pause_is_waited_out(
    server: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.feeds.connection.full_jitter_s", lambda *_: 60.0)
    server.refuse = True
    async with connected(server.url, TEN) as (connections, listener):
        await until(lambda: "does not answer" in connections.problem, "a failure")
        server.refuse = False
        connections.hurry()
        await settled(server, listener, TEN)
        assert server.attempts == 2


@pytest.mark.parametrize("seed", [1, 2])
async def test_after_mischief_of_all_kinds_exactly_the_wish_is_carried_and_told(
    server: StreamServer, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("engine.feeds.link.ACK_TIMEOUT_S", 0.4)
    monkeypatch.setattr("engine.feeds.link.REFUSED_PAUSE_S", 0.1)
    monkeypatch.setattr("engine.feeds.subscriptions.CHECK_EVERY_S", 0.7)
    monkeypatch.setattr("engine.feeds.connection.RECONNECT_MAX_S", 1.0)
    chance = random.Random(seed)
    pool = [f"s{number}@kline_1m" for number in range(40)]
    wish = chance.sample(pool, 20)
    async with connected(server.url, wish, max_streams=8, max_age_s=3.0, silence_ms=1_000) as (connections, listener):
        for _ in range(40):
            await mischief(server, chance)
            if chance.random() < 0.3:
                wish = chance.sample(pool, chance.randrange(1, 40))
                listener.carried &= set(wish)
                connections.mend(wish)
            if chance.random() < 0.2:
                connections.resubscribe(chance.sample(pool, 3))
            await asyncio.sleep(0.08)

        # When it behaves again
        server.refuse, server.ignore_subscribes, server.born_mute = False, 0, False
        server.dead.clear()
        for peer in server.open:
            peer.alive.set()
            peer.mute = False
            await peer.release()
        await until(lambda: listener.carried == set(wish) and set(carried(server)) == set(wish), "the wish", 20.0)
        heard = {name: len(listener.numbers[name]) for name in wish}
        await until(lambda: all(len(listener.numbers[name]) > heard[name] for name in wish), "events of all")


async def mischief(server: StreamServer, chance: random.Random) -> None:  # noqa: C901 - a list of deeds
    """One thing that goes wrong, or stops going wrong."""
    peer = chance.choice(server.open) if server.open else None
    what = chance.randrange(12)
    if what == 0:
        server.refuse = not server.refuse
    elif what == 1:
        server.ignore_subscribes = chance.randrange(3)
    elif what == 2:
        server.born_mute = not server.born_mute
    elif what == 3:
        await server.announce_shutdown()
    elif peer is not None and what == 4:
        server.abort(peer)
    elif peer is not None and what == 5:
        with contextlib.suppress(ConnectionError):
            await peer.socket.close(code=chance.choice((1000, 1001, 1008, 1011)), message=b"Too many requests")
    elif peer is not None and what == 6:
        peer.mute = not peer.mute
    elif peer is not None and what == 7:
        peer.alive.clear()
    elif peer is not None and what == 8 and peer.streams:
        del peer.streams[chance.choice(list(peer.streams))]
    elif peer is not None and what == 9:
        peer.streams["foreign@trade"] = None
    elif peer is not None and what == 10:
        peer.held = []
    elif peer is not None:
        await peer.release()


async def test_a_connection_that_our_own_mistake_ended_begins_again(
    server: StreamServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mistakes: Iterator[bool] = iter((True, True))
    decide = "engine.feeds.life.next_step"
    from engine.feeds.life import next_step

    def fail_twice(*arguments: object) -> object:
        if next(mistakes, False):
            raise RuntimeError("mistake")
        return next_step(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(decide, fail_twice)
    async with connected(server.url, TEN) as (connections, listener):
        for _ in range(2):
            await until(lambda: all(one._task.done() for one in connections._open.values()), "ended")  # type: ignore[union-attr]
            connections.mend(TEN)
        await settled(server, listener, TEN)
        assert caplog.text.count("begins again") == 2


async def test_words_that_are_no_reply_change_nothing(server: StreamServer) -> None:
    async with connected(server.url, TEN) as (connections, listener):
        await settled(server, listener, TEN)
        for word in ({"result": None, "id": 999}, {"id": None, "code": 3, "msg": "x"}, {"result": {"a": 1}, "id": "z"}):
            await server.open[0].socket.send_str(json.dumps(word))
        await more(listener, TEN[0])
        assert len(server.peers) == 1
        assert connections.stats["refusals"] == 1
