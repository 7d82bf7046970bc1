"""Whatever the exchange answers, forgets or ignores, in the end it serves what is wished and nothing else."""

import json
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.binance.messages import Reply
from engine.binance.streams import FRAME_NAMES_MAX, TOO_MANY_SUBSCRIPTIONS, ControlFrame
from engine.feeds.subscriptions import CHECK_EVERY_S, IGNORED_MAX, REFUSED_AGAIN_S, Change, Subscriptions


def wish(count: int) -> dict[str, None]:
    return {f"s{number}@kline_1m": None for number in range(count)}


class Peer:
    """The exchange's side of one socket."""

    def __init__(self) -> None:
        self.streams: set[str] = set()
        self.unknown: set[str] = set()

    def answer(self, frame: ControlFrame) -> Reply:
        assert len(frame.payload) <= 4_096
        names = json.loads(frame.payload).get("params", [])
        assert tuple(names) == frame.names
        if frame.method == "LIST_SUBSCRIPTIONS":
            return Reply(frame.id, result=sorted(self.streams))
        if frame.method == "UNSUBSCRIBE":
            self.streams -= set(names)
        elif self.unknown & set(names):
            return Reply(frame.id, 2, "Invalid request")
        else:
            self.streams |= set(names)
        return Reply(frame.id)


def converse(one: Subscriptions, peer: Peer, now_s: float = 0.0, most: int = 200) -> list[Change]:
    """Speak until there is nothing to say."""
    changes: list[Change] = []
    for _ in range(most):
        frame = one.next_frame(now_s)
        if frame is None:
            return changes
        changes.append(one.answered(frame, peer.answer(frame), now_s))
    raise AssertionError("there is always more to say")


def test_all_is_subscribed_confirmed_and_then_quiet() -> None:
    one, peer = Subscriptions(wish(400), 0.0), Peer()
    changes = converse(one, peer)
    assert [len(change.gained) for change in changes] == [150, 150, 100, 0]
    assert one.is_complete
    assert peer.streams == one.live == wish(400).keys()
    assert one.due_s(0.0) == CHECK_EVERY_S


def test_what_is_not_wished_any_more_goes_before_anything_new_comes() -> None:
    wished = wish(3)
    one, peer = Subscriptions(wished, 0.0), Peer()
    converse(one, peer)
    del wished["s1@kline_1m"]
    wished["new@kline_1m"] = None
    frames = [one.next_frame(1.0)]
    assert frames[0] is not None
    assert (frames[0].method, frames[0].names) == ("UNSUBSCRIBE", ("s1@kline_1m",))
    one.answered(frames[0], peer.answer(frames[0]), 1.0)
    converse(one, peer, 1.0)
    assert peer.streams == wished.keys()


def test_an_answer_that_stays_out_is_followed_by_a_look_at_the_list() -> None:
    one, peer = Subscriptions(wish(10), 0.0), Peer()
    frame = one.next_frame(0.0)
    assert frame is not None
    # Given that it was obeyed, in part, and the answer was lost
    peer.streams = set(frame.names[:4])
    assert not one.unanswered(frame, 5.0)
    changes = converse(one, peer, 5.0)
    assert changes[0].gained == tuple(sorted(frame.names[:4]))
    assert one.is_complete
    assert peer.streams == wish(10).keys()


def test_a_frame_that_was_ignored_is_repeated_with_fewer_names() -> None:
    one, peer = Subscriptions(wish(300), 0.0), Peer()
    frame = one.next_frame(0.0)
    assert frame is not None
    assert len(frame.names) == FRAME_NAMES_MAX
    one.unanswered(frame, 5.0)
    listing = one.next_frame(5.0)
    assert listing is not None
    one.answered(listing, peer.answer(listing), 5.0)
    again = one.next_frame(5.0)
    assert again is not None
    assert len(again.names) == FRAME_NAMES_MAX // 2


def test_an_exchange_that_answers_nothing_is_given_up_at_the_second_question() -> None:
    one = Subscriptions(wish(5), 0.0)
    frame = one.next_frame(0.0)
    assert frame is not None
    assert not one.unanswered(frame, 5.0)
    listing = one.next_frame(5.0)
    assert listing is not None
    assert listing.method == "LIST_SUBSCRIPTIONS"
    assert one.unanswered(listing, 10.0)


def test_an_exchange_that_ignores_one_subscribe_after_another_is_given_up() -> None:
    one, peer = Subscriptions(wish(5), 0.0), Peer()
    for number in range(IGNORED_MAX):
        frame = one.next_frame(0.0)
        assert frame is not None
        assert frame.method == "SUBSCRIBE"
        given_up = one.unanswered(frame, 0.0)
        assert given_up == (number == IGNORED_MAX - 1)
        listing = one.next_frame(0.0)
        assert listing is not None
        one._listed(peer.answer(listing).result, 0.0)


def test_a_check_that_is_not_answered_does_no_harm() -> None:
    one, peer = Subscriptions(wish(5), 0.0), Peer()
    converse(one, peer)
    listing = one.next_frame(CHECK_EVERY_S)
    assert listing is not None
    assert not one.unanswered(listing, CHECK_EVERY_S + 5)
    assert one.next_frame(CHECK_EVERY_S + 5) is None
    assert one.is_complete


def test_what_was_forgotten_is_told_and_subscribed_again() -> None:
    one, peer = Subscriptions(wish(5), 0.0), Peer()
    converse(one, peer)
    peer.streams.remove("s2@kline_1m")
    peer.streams.add("foreign@trade")
    changes = converse(one, peer, CHECK_EVERY_S)
    assert [change.lost for change in changes if change.lost] == [("s2@kline_1m",)]
    assert [change.gained for change in changes if change.gained] == [("s2@kline_1m",)]
    assert peer.streams == wish(5).keys()


def test_a_list_that_writes_names_in_another_way_is_believed_about_them_only_once() -> None:
    wished = {"ÄBCUSDT@kline_1m": None, "b@kline_1m": None}
    one = Subscriptions(wished, 0.0)

    def answer(frame: ControlFrame) -> Reply:
        told = ["äbcusdt@kline_1m", "b@kline_1m"] if frame.method == "LIST_SUBSCRIPTIONS" else None
        return Reply(frame.id, result=told)

    lost = 0
    for now_s in (0.0, CHECK_EVERY_S, 2 * CHECK_EVERY_S, 3 * CHECK_EVERY_S):
        for _ in range(20):
            frame = one.next_frame(now_s)
            if frame is None:
                break
            lost += bool(one.answered(frame, answer(frame), now_s).lost)
        assert one.next_frame(now_s) is None
        assert one.is_complete
    assert lost == 1


@pytest.mark.parametrize("result", [None, {}, "x", [1, None, {"a": 1}], 7])
def test_an_answer_that_is_no_list_of_names_stops_nothing(result: object) -> None:
    one, peer = Subscriptions(wish(1), 0.0), Peer()
    converse(one, peer)
    listing = one.next_frame(CHECK_EVERY_S)
    assert listing is not None
    one.answered(listing, Reply(listing.id, result=result), CHECK_EVERY_S)
    converse(one, peer, CHECK_EVERY_S)
    assert one.is_complete


def test_a_stream_told_to_be_renewed_leaves_and_comes_again() -> None:
    one, peer = Subscriptions(wish(3), 0.0), Peer()
    converse(one, peer)
    assert one.renew(["s1@kline_1m", "unheard@of"]) == ("s1@kline_1m",)
    assert not one.is_complete
    frames = []
    while (frame := one.next_frame(1.0)) is not None:
        frames.append((frame.method, frame.names))
        one.answered(frame, peer.answer(frame), 1.0)
    assert frames == [("UNSUBSCRIBE", ("s1@kline_1m",)), ("SUBSCRIBE", ("s1@kline_1m",))]
    assert one.is_complete


def test_a_name_that_is_refused_is_found_and_left_for_a_while() -> None:
    one, peer = Subscriptions(wish(20), 0.0), Peer()
    peer.unknown = {"s13@kline_1m"}
    converse(one, peer)
    assert peer.streams == wish(20).keys() - peer.unknown
    assert one.is_complete
    assert one.due_s(0.0) == REFUSED_AGAIN_S

    peer.unknown = set()
    converse(one, peer, REFUSED_AGAIN_S)
    assert peer.streams == wish(20).keys()


def test_names_without_room_are_handed_back() -> None:
    one = Subscriptions(wish(2), 0.0)
    frame = one.next_frame(0.0)
    assert frame is not None
    change = one.answered(frame, Reply(frame.id, TOO_MANY_SUBSCRIPTIONS, "Too many subscriptions"), 0.0)
    assert change == Change(no_room=frame.names)
    one.postpone(change.no_room, 0.0)
    assert all(frame.method == "LIST_SUBSCRIPTIONS" for frame in [one.next_frame(0.0)] if frame)


@settings(max_examples=200)
@given(st.integers(0, 2**32), st.integers(1, 60))
def test_after_any_mischief_the_exchange_serves_what_is_wished_and_nothing_else(seed: int, steps: int) -> None:
    chance = random.Random(seed)
    wished = wish(chance.randrange(1, 40))
    one, peer, now_s = Subscriptions(wished, 0.0), Peer(), 0.0

    def obey_silently(frame: ControlFrame) -> None:
        peer.answer(frame)
        one.unanswered(frame, now_s)

    deeds: list[Callable[[ControlFrame], object]] = [
        lambda frame: one.answered(frame, peer.answer(frame), now_s),
        lambda frame: one.unanswered(frame, now_s),
        obey_silently,
        lambda frame: one.answered(frame, Reply(frame.id, 2, "Invalid request"), now_s),
        lambda frame: one.answered(frame, Reply(frame.id), now_s),
    ]
    for _ in range(steps):
        now_s += chance.choice((0.3, 5.0, CHECK_EVERY_S))
        if chance.random() < 0.3:
            wished.pop(chance.choice([*wished, "none"]), None)
            wished[f"n{chance.randrange(20)}@kline_1m"] = None
        if chance.random() < 0.1:
            one.renew(chance.sample(sorted(wished), 1))
        if chance.random() < 0.1 and peer.streams:
            peer.streams.remove(chance.choice(sorted(peer.streams)))
        frame = one.next_frame(now_s)
        if frame is not None:
            chance.choice(deeds)(frame)

    # When it behaves again, a few checks later
    for _ in range(3):
        now_s += CHECK_EVERY_S
        converse(one, peer, now_s)
    assert peer.streams == wished.keys() == one.live
    assert one.is_complete
