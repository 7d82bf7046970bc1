"""A signal is a match after none: against a plain model, across restarts, with answers that come twice."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import SpoolError
from engine.signals.first_match import MatchState

SYMBOLS = ["BTCUSDT", "ETHUSDT", "1000SATSUSDT", "币安人生USDT"]


def test_a_match_is_told_once_until_it_has_ended() -> None:
    state = MatchState()
    said = {60: True, 120: True, 180: False, 240: True, 300: True}
    began = [at for at, yes in said.items() if state.apply(at, ["A"], ["A"] if yes else [])]
    assert began == [60, 240]


def test_symbols_do_not_mind_one_another_and_come_in_the_order_asked() -> None:
    state = MatchState()
    assert state.apply(60, ["C", "A", "B"], ["A", "C"]) == ["C", "A"]
    assert state.apply(120, ["C", "A", "B"], ["A", "B"]) == ["B"]
    assert state.apply(180, ["C"], ["C"]) == ["C"]


def test_an_answer_that_comes_again_or_too_late_changes_nothing() -> None:
    state = MatchState()
    state.apply(120, ["A"], ["A"])
    assert state.apply(120, ["A"], []) == []
    assert state.apply(60, ["A"], []) == []
    assert state.is_matched("A")
    assert state.cursor_ms("A") == 120


def test_a_symbol_that_could_not_be_asked_stays_what_it_was() -> None:
    state = MatchState()
    state.apply(60, ["A", "B"], ["A"])
    assert state.apply(120, ["A", "B"], [], unknown=["A", "B"]) == []
    assert state.cursors_ms() == {"A": 120, "B": 120}
    assert state.apply(180, ["A", "B"], ["A", "B"]) == ["B"]


def test_symbols_that_are_not_asked_any_more_are_forgotten() -> None:
    state = MatchState()
    state.apply(60, ["A", "B"], ["A", "B"])
    state.keep_only(["B", "C"])
    assert state.cursors_ms() == {"B": 60}
    assert state.apply(120, ["A", "B"], ["A", "B"]) == ["A"]


def test_bytes_that_are_no_state_are_refused() -> None:
    with pytest.raises(SpoolError, match="match state"):
        MatchState.decode(b"something else")


def test_the_bytes_are_about_as_long_as_the_names() -> None:
    state = MatchState()
    names = [f"SYMBOL{number}USDT" for number in range(100)]
    state.apply(1_795_237_200_000, names, names[::7])
    assert len(state.encode()) < sum(map(len, names)) + 100 + 40


@dataclass
class PlainModel:
    """The rule as it is said, with nothing clever: all answers kept, the last one looked at."""

    answers: dict[str, list[tuple[int, bool | None]]] = field(default_factory=dict)

    def tell(self, at: int, symbol: str, answer: bool | None) -> bool:
        before = self.answers.setdefault(symbol, [])
        if any(then >= at for then, _ in before):
            return False
        known = [yes for _, yes in before if yes is not None]
        before.append((at, answer))
        return answer is True and not (known and known[-1])


steps = st.lists(
    st.tuples(st.integers(0, 12), st.dictionaries(st.sampled_from(SYMBOLS), st.sampled_from([True, False, None])), st.booleans()),
    max_size=30,
)


@given(steps)
def test_it_agrees_with_the_rule_said_plainly_also_when_restarted_at_any_moment(
    history: list[tuple[int, dict[str, bool | None], bool]],
) -> None:
    state, model = MatchState(), PlainModel()
    for at, answers, restart in history:
        expected = [symbol for symbol, answer in answers.items() if model.tell(at, symbol, answer)]
        matches = [symbol for symbol, answer in answers.items() if answer]
        unknown = [symbol for symbol, answer in answers.items() if answer is None]
        assert state.apply(at, list(answers), matches, unknown) == expected
        if restart:
            body = state.encode()
            state = MatchState.decode(body)
            assert state.encode() == body
