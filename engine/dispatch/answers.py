"""Whether an answer fits its question: what a worker sends is believed only as far as it was asked."""

from collections.abc import Sequence

import msgspec

from engine.dispatch.instructions import Outcome
from engine.wire.messages import DETAILS_BYTES_MAX, TEXT_CHARS_MAX, Fault, FilterResult, Item, Task
from engine.wire.texts import all_fit, on_one_line

#: Times its limit that a filter may have run, by the worker's count: a limit is not kept to the microsecond.
CPU_SHARE_MAX = 4
KINDS = frozenset({"exception", "result", "details", "deadline", "memory"})
_details = msgspec.json.Decoder(dict[str, object])


def complaint(task: Task, results: Sequence[FilterResult]) -> str:
    """What is wrong with `results` as the answer to `task`, or an empty text."""
    asked = sum(len(item.filter_ids) for step in task.steps for item in step.items)
    if len(results) != asked:
        return f"{len(results)} results where {asked} were asked for"
    cpu_us_max = CPU_SHARE_MAX * max(task.soft_limit_ms, task.hard_limit_ms) * 1_000
    position = 0
    for step_number, step in enumerate(task.steps):
        for item_number, item in enumerate(step.items):
            for filter_id in item.filter_ids:
                result = results[position]
                position += 1
                if result.filter_id != filter_id or result.step != step_number or result.item != item_number:
                    return f"result {position} is for another step, item or filter"
                if not 0 <= result.cpu_us <= cpu_us_max:
                    return "CPU time that it cannot have used"
                if result.matches or result.faults or result.unready or result.unasked:
                    wrong = _complaint_of(item, result)
                    if wrong:
                        return wrong
    return ""


def _complaint_of(item: Item, result: FilterResult) -> str:
    named = [match.symbol for match in result.matches]
    named += [fault.symbol for fault in result.faults]
    named += result.unready
    named += result.unasked
    distinct = set(named)
    if len(distinct) != len(named):
        return "a symbol is answered twice"
    if not distinct <= set(item.symbols):
        return "a symbol is answered that was not asked for"
    for match in result.matches:
        if match.details and not _is_details(match.details):
            return "details are not a small JSON object"
    for fault in result.faults:
        if fault.kind not in KINDS or fault.line < 0 or len(fault.message) > TEXT_CHARS_MAX:
            return "a fault is of no known kind or too long"
    return ""


def _is_details(text: str) -> bool:
    data = text.encode(errors="replace")
    if len(data) > DETAILS_BYTES_MAX:
        return False
    try:
        return all_fit(_details.decode(data))
    except (msgspec.DecodeError, RecursionError):
        return False


def outcomes(task: Task, results: Sequence[FilterResult]) -> tuple[Outcome, ...]:
    """Checked results, one outcome an item; texts for people are freed of control characters."""
    found: list[Outcome] = []
    position = 0
    for step in task.steps:
        for item in step.items:
            end = position + len(item.filter_ids)
            part = tuple(_clean(result) if result.faults else result for result in results[position:end])
            found.append(Outcome(step.as_of_ms, step.forming, item.symbols, part))
            position = end
    return tuple(found)


def _clean(result: FilterResult) -> FilterResult:
    faults = tuple(Fault(fault.symbol, fault.kind, fault.line, plain_text(fault.message)) for fault in result.faults)
    return msgspec.structs.replace(result, faults=faults)


def plain_text(text: str) -> str:
    """Text of a worker made fit for people: no control characters, bounded."""
    return on_one_line(text[:TEXT_CHARS_MAX])
