"""Messages to bytes and back. Bytes from a worker are treated as hostile: bounded, typed, never unpickled."""

from typing import Any, cast

import msgspec

from engine.base.errors import WireError
from engine.wire.messages import FromWorker, Message, ToWorker

#: Largest message accepted from another process, in bytes; workers bound what an answer says to stay below.
MESSAGE_BYTES_MAX = 8 * 1024 * 1024

_encoder = msgspec.msgpack.Encoder()
_to_worker = msgspec.msgpack.Decoder(ToWorker)
_from_worker = msgspec.msgpack.Decoder(FromWorker)


def encode(message: Message) -> bytes:
    """The bytes of any message."""
    return _encoder.encode(message)


def decode_to_worker(data: bytes) -> ToWorker:
    """A message of the supervisor; raises WireError for anything else."""
    return cast(ToWorker, _decode(_to_worker, data))


def decode_from_worker(data: bytes) -> FromWorker:
    """A message of a worker; raises WireError for anything else."""
    return cast(FromWorker, _decode(_from_worker, data))


def _decode(decoder: msgspec.msgpack.Decoder[Any], data: bytes) -> object:
    if len(data) > MESSAGE_BYTES_MAX:
        raise WireError("message is too large", f"{len(data)} bytes", f"at most {MESSAGE_BYTES_MAX}")
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError("bytes are not a message", repr(data[:40]), str(error)) from error
