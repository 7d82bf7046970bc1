"""The hot path: a frame's bytes to the series it belongs to. Counts what is not usable, and never raises."""

import logging
from collections.abc import Callable

import msgspec

from engine.base.errors import BadReply
from engine.binance import messages
from engine.binance.messages import KlineEvent, KlineFrame, Message, decode_kline_frame

log = logging.getLogger(__name__)


class Intake:
    """Where frames of all connections go; `streams` maps a stream's name to whoever takes its events."""

    def __init__(self) -> None:
        self.streams: dict[str, Callable[[KlineEvent], None]] = {}
        self.frames = 0
        self.malformed = 0
        self.unwanted = 0

    def take(self, payload: bytes) -> Message | None:
        """Deliver a kline event and return None; anything else well-formed is returned for the connection to deal with."""
        self.frames += 1
        try:
            frame = decode_kline_frame(payload)
            take = self.streams[frame.stream]
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, RecursionError):
            return self._take_other(payload)
        take(frame.data)
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
