"""The silence that the exchange asks for: kept in this process, and by those that come after it."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.binance.errors import PAUSE_MAX_S
from engine.binance.pauses import FILE_NAME, MARGIN_S, Pause, recall, remember

NOON_MS = 1_700_000_040_000.0


def test_a_pause_holds_until_it_is_over_and_a_shorter_one_does_not_end_it() -> None:
    pause = Pause()
    assert pause.left_s(100.0) == 0.0
    pause.ask(7, 100.0)
    pause.ask(3, 101.0)
    assert pause.left_s(101.0) == 6.0 + MARGIN_S
    assert pause.left_s(107.0 + MARGIN_S) == 0.0
    assert not pause.banned(101.0)


def test_a_ban_is_known_as_one_while_it_lasts_even_if_a_pause_follows() -> None:
    pause = Pause()
    pause.ask(120, 0.0, banned=True)
    pause.ask(300, 1.0)
    assert pause.banned(119.0)
    assert not pause.banned(121.0)
    assert pause.left_s(121.0) > 0


def test_what_one_process_was_told_the_next_one_knows(tmp_path: Path) -> None:
    remember(tmp_path, 120, NOON_MS, banned=True)
    remember(tmp_path, 5, NOON_MS + 1_000, banned=False)
    assert recall(tmp_path, NOON_MS + 20_000) == (100.0, True)
    assert recall(tmp_path, NOON_MS + 120_000) == (0.0, False)


def test_without_a_directory_nothing_is_remembered_and_nothing_fails() -> None:
    remember(None, 120, NOON_MS, banned=True)
    assert recall(None, NOON_MS) == (0.0, False)


def test_a_directory_that_cannot_be_written_is_told_and_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    remember(tmp_path / "missing", 120, NOON_MS, banned=True)
    assert "cannot be written" in caplog.text


@given(st.one_of(st.binary(max_size=60), st.floats().map(lambda found: b'{"until_ms":%s}' % repr(found).encode())))
def test_a_file_of_nonsense_is_no_pause(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    directory = tmp_path_factory.mktemp("state")
    (directory / FILE_NAME).write_bytes(content)
    left_s, _ = recall(directory, NOON_MS)
    assert math.isfinite(left_s)
    assert 0.0 <= left_s <= PAUSE_MAX_S


def test_an_end_further_away_than_any_ban_is_not_believed(tmp_path: Path) -> None:
    remember(tmp_path, 10, NOON_MS + 30 * 86_400_000, banned=True)
    assert recall(tmp_path, NOON_MS) == (0.0, False)
