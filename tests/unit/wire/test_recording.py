"""The format of a recording: what was written is what is read, wherever the file was torn or damaged."""

import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import RecordingError
from engine.wire import recording
from engine.wire.recording import Frame, Record, Reply

moments = st.integers(0, 2**53)
frames = st.builds(Frame, moments, moments, st.integers(0, 1_000), st.binary(max_size=300))
replies = st.builds(
    Reply,
    *(moments, moments, moments, st.integers(100, 599)),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=60),
    st.dictionaries(st.sampled_from(recording.HEADERS), st.text(st.characters(exclude_categories=("Cs",)), max_size=20)),
    st.binary(max_size=300),
)


def encode(record: Record) -> bytes:
    return recording.encode_reply(record) if isinstance(record, Reply) else recording.encode_frame(*record)


def segment(records: list[Record], *, whole: bool = True) -> bytes:
    """The bytes of a segment whose every record was flushed; not `whole`: as a killed writer leaves it."""
    deflate = zlib.compressobj(1, zlib.DEFLATED, recording.GZIP)
    data = deflate.compress(recording.encode_head("r"))
    for record in records:
        data += deflate.compress(encode(record)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    return data + deflate.flush(zlib.Z_FINISH) if whole else data


def records_of(path: Path) -> list[Record]:
    return [record for _, record in recording.read(path)]


@given(written=st.lists(frames | replies, max_size=20))
def test_every_record_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, written: list[Record]) -> None:
    path = tmp_path_factory.mktemp("recording") / "a.rec.gz"
    path.write_bytes(segment(written))

    assert list(recording.read(path)) == [("r", record) for record in written]


@given(written=st.lists(frames | replies, min_size=1, max_size=10), share=st.floats(0, 1))
def test_of_a_torn_file_everything_before_the_tear_is_read(
    tmp_path_factory: pytest.TempPathFactory, written: list[Record], share: float
) -> None:
    path = tmp_path_factory.mktemp("recording") / "a.rec.gz"
    data = segment(written, whole=False)
    path.write_bytes(data[: int(len(data) * share)])

    found = records_of(path)

    assert found == written[: len(found)]
    flushed = [number for number in range(len(written) + 1) if len(segment(written[:number], whole=False)) <= len(data) * share]
    assert len(found) >= max(flushed, default=0) - (0 if share == 1 else 1)


def test_a_killed_writer_loses_nothing_that_it_flushed(tmp_path: Path) -> None:
    written: list[Record] = [Frame(1, 2, 0, b"one"), Reply(3, 4, 5, 200, "/api/v3/time", {}, b"{}")]
    (tmp_path / "a.rec.gz").write_bytes(segment(written, whole=False))

    assert records_of(tmp_path / "a.rec.gz") == written


def test_damage_in_the_middle_ends_the_file_there_and_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    # Given bytes that are noise after the first record
    good = segment([Frame(1, 2, 0, b"one")], whole=False)
    (tmp_path / "a.rec.gz").write_bytes(good + bytes(range(255, 55, -1)))

    # When
    found = records_of(tmp_path / "a.rec.gz")

    # Then
    assert found == [Frame(1, 2, 0, b"one")]
    assert "damaged" in caplog.text


@pytest.mark.parametrize(
    "line",
    [
        b"F 1 2 -1 0\n",
        b"F 1 2 99999999999 0\n",
        b"X 1 2 0 0\n\n",
        b"nonsense\n",
        b"R 1 2 0 {}\n\n",
        b"F 1 1%b 0 0\n\n" % (b"0" * 400),
    ],
)
def test_what_is_no_record_ends_the_file_and_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture, line: bytes) -> None:
    deflate = zlib.compressobj(1, zlib.DEFLATED, recording.GZIP)
    data = deflate.compress(recording.encode_head("r") + recording.encode_frame(1, 2, 3, b"x") + line) + deflate.flush()
    (tmp_path / "a.rec.gz").write_bytes(data)

    assert records_of(tmp_path / "a.rec.gz") == [Frame(1, 2, 3, b"x")]
    assert "damaged" in caplog.text


def test_an_empty_file_is_a_segment_without_records(tmp_path: Path) -> None:
    (tmp_path / "a.rec.gz").touch()

    assert records_of(tmp_path / "a.rec.gz") == []


def test_a_file_of_something_else_is_refused_by_name(tmp_path: Path) -> None:
    deflate = zlib.compressobj(1, zlib.DEFLATED, recording.GZIP)
    (tmp_path / "a.rec.gz").write_bytes(deflate.compress(b"symbol,open_time\n") + deflate.flush())

    with pytest.raises(RecordingError, match="no segment"):
        records_of(tmp_path / "a.rec.gz")


def test_a_later_format_is_refused_by_name(tmp_path: Path) -> None:
    deflate = zlib.compressobj(1, zlib.DEFLATED, recording.GZIP)
    head = b'{"format":"engine recording 2","run":"r"}\n'
    (tmp_path / "a.rec.gz").write_bytes(deflate.compress(head) + deflate.flush())

    with pytest.raises(RecordingError, match="another version"):
        records_of(tmp_path / "a.rec.gz")


def test_segments_of_a_directory_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("2.rec.gz", "1.rec.gz", "notes.txt"):
        (tmp_path / name).touch()

    assert [path.name for path in recording.segments(tmp_path)] == ["1.rec.gz", "2.rec.gz"]


def test_what_follows_the_end_of_a_file_is_left_out_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    # Given two segments put together as `cat` does it
    written: list[Record] = [Frame(1, 2, 0, b"one")]
    (tmp_path / "a.rec.gz").write_bytes(segment(written) + segment(written))

    assert records_of(tmp_path / "a.rec.gz") == written
    assert "something follows its end" in caplog.text
