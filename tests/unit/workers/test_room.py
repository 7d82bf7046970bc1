"""How much one answer may say: what is shared out, what is left to others, and what cannot be taken from them."""

from workers.room import ANSWER_BYTES_MAX, RESULT_BYTES_MAX, Room


def taken(room: Room, text: str) -> int:
    """How often the text fits into the next result."""
    room.open()
    times = 0
    while room.take(text):
        times += 1
    return times


def test_a_single_result_has_a_bound_of_its_own() -> None:
    assert taken(Room(1), "x" * 1024) == RESULT_BYTES_MAX // 1024


def test_all_results_together_stay_within_the_answer() -> None:
    room = Room(100)
    assert sum(taken(room, "x" * 1000) for _ in range(100)) * 1000 <= ANSWER_BYTES_MAX


def test_who_says_much_takes_nothing_from_those_after_him() -> None:
    # Given a hundred results, the first fifty of which say all they may
    room = Room(100)
    for _ in range(50):
        taken(room, "x")
    # Then each of the others still has a hundredth of the answer
    for _ in range(50):
        assert taken(room, "x") >= ANSWER_BYTES_MAX // 100 - 1


def test_what_is_not_said_is_left_to_those_after() -> None:
    room = Room(1_000)
    for _ in range(500):
        room.open()
    assert taken(room, "x") == RESULT_BYTES_MAX


def test_characters_count_by_their_bytes() -> None:
    room = Room(1)
    assert taken(room, "€" * 1000) == RESULT_BYTES_MAX // 3000
