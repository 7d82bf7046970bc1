"""What a person sees of a running engine: progress of the start, one live status line, each signal as it comes, a summary.

Signals are data and go to stdout; everything else goes to stderr. On a terminal the status line is redrawn in place; in a
log it is written every ten seconds.
"""

import io
import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

import msgspec

from engine.wire.texts import on_one_line

STATUS_LINE_TERMINAL_S = 0.5
STATUS_LINE_LOG_S = 10.0
#: Pause between two steps of one count in a log.
STEP_S = 1.0
CLEAR_LINE = "\r\x1b[2K"


class LogStream(io.TextIOBase):
    """Where log lines go while a status line is shown: each takes its place and the status line comes back below."""

    def __init__(self, display: "Display") -> None:
        self._display = display

    def write(self, text: str) -> int:
        """One or more whole lines, as logging writes them."""
        if text.strip():
            self._display.note(text.rstrip("\n"))
        return len(text)

    def flush(self) -> None:
        """Lines are written at once."""


class Display:
    """Writes signals, progress and state of one engine."""

    def __init__(self, *, as_json: bool, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._as_json = as_json
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._live = self._err.isatty()
        self._line = ""
        self._next_line_s = 0.0
        self._next_step_s: dict[str, float] = {}

    def progress(self, part: str, text: str) -> None:
        """One step of the start; a count (`3/100 series`) is shown in place, or in a log about once a second."""
        now_s = time.monotonic()
        done, counted, total = text.split(" ")[0].partition("/")
        is_step = bool(counted) and done != total
        if is_step and not self._live and now_s < self._next_step_s.get(part, 0.0):
            return
        self._next_step_s[part] = now_s + STEP_S
        if self._live and is_step:
            self._redraw(f"{part}: {text}")
        else:
            self._line = ""
            self._note(f"{part}: {text}")

    def note(self, text: str) -> None:
        """A line that stays."""
        self._note(text)

    def signal(self, signal: Mapping[str, Any]) -> None:
        """One signal, as one line."""
        line = msgspec.json.encode(signal).decode() if self._as_json else signal_line(signal)
        if self._live:
            self._err.write(CLEAR_LINE)
            self._err.flush()
        self._out.write(line + "\n")
        self._out.flush()
        if self._live:
            self._redraw(self._line)

    def status(self, status: Mapping[str, Any]) -> None:
        """The live line, as often as it makes sense where it is shown."""
        now_s = time.monotonic()
        if now_s < self._next_line_s:
            return
        self._next_line_s = now_s + (STATUS_LINE_TERMINAL_S if self._live else STATUS_LINE_LOG_S)
        if self._live:
            self._redraw(status_line(status))
        else:
            self._note(status_line(status))

    def summary(self, status: Mapping[str, Any], seconds: float) -> None:
        """What was done, at the end."""
        cycles = status["cycles"]
        self._note(
            f"ran {seconds:.0f} s · {status['symbols']} symbols · {status['bars']} bars closed · {cycles['count']} cycles"
            f" (p50 {_ms(cycles['p50_ms'])}, p99 {_ms(cycles['p99_ms'])}) · {status['signals']} signals"
            f" · {status['faults']} filter faults"
        )

    def _redraw(self, line: str) -> None:
        self._line = line
        self._err.write(CLEAR_LINE + line)
        self._err.flush()

    def _note(self, text: str) -> None:
        self._err.write(f"{CLEAR_LINE}{text}\n{self._line}" if self._live else f"{text}\n")
        self._err.flush()


def signal_line(signal: Mapping[str, Any]) -> str:
    """A signal for people: time of the bar's close is what they look for, so the detection time comes first."""
    details = on_one_line(" ".join(f"{key}={_short(value)}" for key, value in (signal["details"] or {}).items()))
    late = " (late)" if signal["late"] else ""
    bar = f"{signal['symbol']:<12} {signal['interval']:>4}  {signal['price']:<14}"
    return f"{signal['detected_at'][11:19]}  {bar} {signal['trader']}{late}  {details}".rstrip()


def status_line(status: Mapping[str, Any]) -> str:
    """The state of an engine in one line."""
    workers, series, cycles = status["workers"], status["series"], status["cycles"]
    mark = "" if status["exchange"]["real"] else "SIMULATED · "
    mark += "UNSANDBOXED · " if status["sandbox"]["unsandboxed"] else ""
    parts = [
        f"{mark}{status['state']}",
        f"{status['symbols']} symbols",
        f"{series['live']} series",
        f"{status['bars_per_second']:.0f} bars/s",
        f"{cycles['count']} cycles p99 {_ms(cycles['p99_ms'])}",
        f"{status['signals']} signals",
        f"{workers['ready']}/{workers['target']} workers",
    ]
    return " · ".join(parts)


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} ms"


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
