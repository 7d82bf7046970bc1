"""The hot path: a frame's bytes to the series it belongs to. Counts what is not usable, and never raises.

Nearly all frames are forming bars of live series. With `quicken`, a compiled reader takes those, checked and written, and
declines all others; what it declines, and everything without it, goes the way below, which decides alone what a frame is.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.base.errors import BadReply
from engine.binance import messages
from engine.binance.messages import KlineEvent, KlineFrame, Message, decode_kline_frame
from engine.feeds import machine_code
from engine.feeds.gates import Gates
from engine.scanner.image import Image, Scan, ScannerError

log = logging.getLogger(__name__)


class Intake:
    """Where frames of all connections go; `streams` maps a stream's name to whoever takes its events."""

    def __init__(self, gates: Gates | None = None) -> None:
        self.streams: dict[str, Callable[[KlineEvent], None]] = {}
        self.malformed = 0
        self.unwanted = 0
        self._gates = gates
        #: The compiled reader, and what is asked first: mostly the same.
        self._code: Scan | None = None
        self._scan: Scan | None = None
        self._look: Callable[[bytes], None] | None = None
        self._decoded = 0

    @property
    def quick(self) -> int:
        """How many frames the compiled reader took: forming bars, each checked and written."""
        return self._gates.taken if self._gates is not None else 0

    @property
    def frames(self) -> int:
        """How many frames came."""
        return self._decoded + self.quick

    async def quicken(self, folder: Path) -> None:
        """Have forming bars read by machine code, made now if need be and kept in `folder`; without it all goes on as before."""
        try:
            self.use(await machine_code.obtain(folder))
        except (ScannerError, OSError) as error:
            log.warning("frames are read without machine code, which takes five times as long: %s", error)

    def use(self, code: Image) -> None:
        """Have forming bars read by this code; raises ScannerError where it cannot run, or when there are no gates."""
        if self._gates is None:
            raise ScannerError("there are no gates for a compiled reader")
        self._code = self._scan = self._gates.reader(code)

    def close(self) -> None:
        """Let go of the candles; frames that still come are decoded."""
        self._code = self._scan = None
        if self._gates is not None:
            self._gates.close()

    def show_next(self, look: Callable[[bytes], None]) -> None:
        """Have the next event's frame shown to `look` right after it was taken in; all others cost nothing."""
        self._look = look
        if self._code is not None:
            self._scan = self._scan_and_show

    def _scan_and_show(self, payload: bytes) -> bool:
        self._scan = code = self._code
        if code is None or not code(payload):
            return False
        self._show(payload)
        return True

    def _show(self, payload: bytes) -> None:
        look, self._look = self._look, None
        if look is not None:
            look(payload)

    def take(self, payload: bytes) -> Message | None:
        """Deliver a kline event and return None; anything else well-formed is returned for the connection to deal with."""
        scan = self._scan
        if scan is not None and scan(payload):
            return None
        self._decoded += 1
        try:
            frame = decode_kline_frame(payload)
            take = self.streams[frame.stream]
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, RecursionError):
            return self._take_other(payload)
        take(frame.data)
        if self._look is not None:
            self._show(payload)
        return None

    def _take_other(self, payload: bytes) -> Message | None:
        try:
            message = messages.decode(payload)
        except BadReply as error:
            self.malformed += 1
            # The first one of a run tells what is wrong; a flood of them must not fill the log.
            if self.malformed.bit_count() == 1:
                log.warning("%d malformed frames so far, now: %s", self.malformed, error)
            return None
        if isinstance(message, KlineFrame):
            # Of a stream just released: its UNSUBSCRIBE is on the way.
            self.unwanted += 1
            return None
        return message
