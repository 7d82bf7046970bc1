"""Files of traders: read, judged by the same policy that workers apply, and what came of it as a document."""

from pathlib import Path
from typing import Any, NamedTuple

from engine.base.errors import FilterRefused
from engine.candles.bars import shortest_window


class Inspection(NamedTuple):
    """One file; with a refusal where, what and why, without one what the code says of itself."""

    path: Path
    code: str
    refusal: FilterRefused | None
    refresh: str = ""
    symbols: tuple[str, ...] = ()
    intervals: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    lookback: int = 0
    summary: str = ""
    warnings: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The object of `engine trader check --json`."""
        refused = self.refusal
        return {
            "file": str(self.path),
            "ok": refused is None,
            "line": refused.line if refused else None,
            "column": refused.column if refused else None,
            "construct": refused.construct if refused else None,
            "message": reason(refused) if refused else None,
            "refresh": self.refresh or None,
            "symbols": list(self.symbols),
            "intervals": list(self.intervals),
            "indicators": list(self.indicators),
            "lookback": self.lookback,
            "warnings": list(self.warnings),
        }

    def line(self) -> str:
        """The verdict for people; a refusal in the form that editors jump to."""
        if self.refusal is not None:
            return f"{self.path}:{self.refusal.line}:{self.refusal.column}: refused: {reason(self.refusal)}"
        reads = f"reads {' '.join(self.intervals)}" if self.intervals else "reads no klines"
        refresh = f"refresh {self.refresh}" if self.refresh else "no refresh given"
        uses = f"uses {' '.join(self.indicators)}" if self.indicators else "uses no indicators"
        return f"{self.path}: ok: {reads}, {refresh}, {uses}, looks back {self.lookback} bars"


def inspect(path: Path, history_bars: int) -> Inspection:
    """Judge one file for an engine that keeps so much history; raises FilterRefused never, OSError when it cannot be read."""
    # Loads the indicators' catalog, so only those who judge filters wait for it.
    from workers import policy

    code = ""
    try:
        code = _text(path.read_bytes())
        verdict = policy.check(code)
    except FilterRefused as refusal:
        return Inspection(path, code, refusal)
    return Inspection(
        path,
        code,
        None,
        refresh=verdict.refresh,
        symbols=verdict.symbols,
        intervals=verdict.intervals,
        indicators=verdict.indicators,
        lookback=verdict.lookback,
        summary=verdict.docstring.partition("\n")[0],
        warnings=_warnings(verdict.lookback, history_bars),
    )


def _warnings(lookback: int, history_bars: int) -> tuple[str, ...]:
    fewest = shortest_window(history_bars)
    if lookback < fewest:
        return ()
    wanted = f"needs {lookback + 1} bars before it has a value, and a filter sees {fewest} to {history_bars}"
    return (f"an indicator {wanted}: look back less, or raise ENGINE_HISTORY_BARS",)


def accepted(path: Path, history_bars: int) -> Inspection:
    """The same for those who want to go on with the filter; raises FilterRefused naming the file."""
    found = inspect(path, history_bars)
    if found.refusal is None:
        return found
    refused = found.refusal
    refused.args = (f"{path}: {refused}",)
    raise refused


def what(refused: FilterRefused) -> str:
    """What was wrong, without its place."""
    return refused.what.partition(": ")[2]


def reason(refused: FilterRefused) -> str:
    """What was wrong, the construct and what to write instead, without the place."""
    return ": ".join(part for part in (what(refused), refused.found, refused.advice) if part)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        found = f"byte {data[error.start]:#04x}"
        raise FilterRefused("not UTF-8", line=line, column=column, construct=found, advice="save the file as UTF-8") from error
