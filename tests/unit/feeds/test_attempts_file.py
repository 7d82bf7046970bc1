"""Attempts outlive the process, and a file that is damaged costs nothing but the memory."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.feeds.attempts_file import LINES_MAX, NAME, READ_BYTES_MAX, AttemptsFile
from engine.feeds.backoff import ATTEMPTS_MAX, ATTEMPTS_WINDOW_S, Attempts

NOW_S = 1_770_000_000.0


def test_attempts_are_recalled_with_their_age_and_old_ones_forgotten(tmp_path: Path) -> None:
    file = AttemptsFile(tmp_path)
    for ago_s in (1_000.0, 299.0, 10.0):
        file.note(NOW_S - ago_s)
    assert AttemptsFile(tmp_path).recall(NOW_S) == [299.0, 10.0]
    assert len((tmp_path / NAME).read_bytes().splitlines()) == 2


def test_without_a_file_nothing_is_recalled(tmp_path: Path) -> None:
    assert AttemptsFile(tmp_path).recall(NOW_S) == []


def test_a_clock_set_back_forgets_nothing_and_blocks_no_longer_than_a_window(tmp_path: Path) -> None:
    AttemptsFile(tmp_path).note(NOW_S + 86_400.0)
    assert AttemptsFile(tmp_path).recall(NOW_S) == [0.0]
    assert AttemptsFile(tmp_path).recall(NOW_S + ATTEMPTS_WINDOW_S) == []


def test_words_that_are_no_moments_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"\x00\xff\n\nnan inf -inf 1e999 %.3f x17\n%.3f" % (NOW_S - 5, NOW_S - 4))
    assert AttemptsFile(tmp_path).recall(NOW_S) == [5.0, 4.0]


@given(st.binary(max_size=300))
def test_no_content_of_the_file_is_an_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("state")
    (folder / NAME).write_bytes(content)
    assert all(0 <= age < ATTEMPTS_WINDOW_S for age in AttemptsFile(folder).recall(NOW_S))


def test_a_file_that_was_blown_up_is_read_at_its_end_only(tmp_path: Path) -> None:
    line = b"%.3f\n" % (NOW_S - 1)
    (tmp_path / NAME).write_bytes(line * 1_000_000)
    assert ATTEMPTS_MAX < len(AttemptsFile(tmp_path).recall(NOW_S)) <= READ_BYTES_MAX // len(line) + 1


def test_the_file_does_not_grow_without_bound(tmp_path: Path) -> None:
    file = AttemptsFile(tmp_path)
    for number in range(LINES_MAX + 10):
        file.note(NOW_S + number)
    assert (tmp_path / NAME).stat().st_size < LINES_MAX * 10


def test_a_place_that_cannot_be_written_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / NAME).mkdir()
    file = AttemptsFile(tmp_path)
    assert file.recall(NOW_S) == []
    file.note(NOW_S)
    assert caplog.text.count("for this process only") == 1


def test_what_is_recalled_counts(tmp_path: Path) -> None:
    attempts = Attempts(most=3, window_s=60.0)
    attempts.recall([50.0, 10.0], 1_000.0)
    assert attempts.acquire(1_000.0) == 0.0
    assert attempts.acquire(1_000.0) == 10.0
    assert attempts.acquire(1_010.0) == 0.0


@given(st.lists(st.floats(0, 59), min_size=3, max_size=30))
def test_more_than_allowed_are_waited_out_too(ages: list[float]) -> None:
    attempts = Attempts(most=3, window_s=60.0)
    attempts.recall(ages, 1_000.0)
    wait_s = attempts.acquire(1_000.0)
    assert 0 < wait_s <= 60.0
    assert attempts.acquire(1_000.0 + wait_s + 1e-6) == 0.0


def test_each_attempt_is_noted_before_it_is_made() -> None:
    noted: list[None] = []
    attempts = Attempts(most=1, note=lambda: noted.append(None))
    attempts.acquire(0.0)
    attempts.acquire(0.0)
    assert noted == [None]
