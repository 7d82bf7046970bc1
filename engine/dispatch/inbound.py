"""Bytes of a worker to events. A worker may have fallen to its filter: nothing it sends is taken on trust."""

from engine.base.errors import WireError
from engine.base.types import INTERVAL_MS
from engine.dispatch.answers import plain_text
from engine.dispatch.events import LoadedOn, Nonsense, PongHeard, RefusedOn, TaskAnswered, WorkerReady
from engine.wire.codec import decode_from_worker
from engine.wire.messages import PROTOCOL_VERSION, Bye, FilterLoaded, FilterRefusal, FromWorker, Pong, Ready, TaskDone

#: Bounds of what a filter may say of itself.
SYMBOLS_MAX = 4096
NAME_CHARS_MAX = 64
LOOKBACK_MAX = 1_000_000
#: No count of a worker comes near, and sums of such are sound.
FIGURE_MAX = 2**50

Heard = WorkerReady | TaskAnswered | LoadedOn | RefusedOn | PongHeard | Nonsense


def message_of(data: bytes) -> FromWorker | str:
    """The message in these bytes, or what is wrong with them."""
    try:
        return decode_from_worker(data)
    except WireError as error:
        return str(error)


def event_of(slot: int, generation: int, message: FromWorker | str) -> Heard | None:
    """What a message means to the brain; None for a farewell, which changes nothing."""
    match message:
        case str():
            return Nonsense(slot, generation, message)
        case TaskDone(task_id, results):
            return TaskAnswered(slot, generation, task_id, results)
        case Ready(own_slot, _, protocol):
            if own_slot != slot or protocol != PROTOCOL_VERSION:
                return Nonsense(slot, generation, f"Ready for slot {own_slot}, protocol {protocol}")
            return WorkerReady(slot, generation)
        case FilterLoaded() | Pong() if not _plausible(message):
            return Nonsense(slot, generation, f"{type(message).__name__} says what cannot be")
        case FilterLoaded():
            return LoadedOn(slot, generation, message)
        case FilterRefusal(filter_id, line, column, construct, text):
            clean = FilterRefusal(filter_id, line, column, plain_text(construct), plain_text(text))
            return RefusedOn(slot, generation, clean)
        case Pong(sequence, own_bytes=own_bytes, held_bytes=held_bytes):
            return PongHeard(slot, generation, sequence, own_bytes, held_bytes)
        case Bye():
            return None


def _plausible(message: FilterLoaded | Pong) -> bool:
    if isinstance(message, Pong):
        return all(0 <= getattr(message, name) <= FIGURE_MAX for name in message.__struct_fields__)
    return (
        len(message.symbols) <= SYMBOLS_MAX
        and all(len(name) <= NAME_CHARS_MAX and name.isprintable() for name in (message.refresh, *message.symbols))
        and len(set(message.intervals)) == len(message.intervals)
        and all(interval in INTERVAL_MS for interval in message.intervals)
        and 0 <= message.lookback <= LOOKBACK_MAX
    )
