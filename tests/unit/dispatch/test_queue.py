"""The queue against a plain list, by property."""

from hypothesis import given
from hypothesis import strategies as st

from engine.dispatch.queue import Budget, Entry, Queue, compose

entries = st.builds(
    Entry,
    symbol=st.integers(0, 3),
    as_of_ms=st.integers(1, 5),
    forming=st.booleans(),
    filter_ids=st.lists(st.integers(1, 4), min_size=1, unique=True).map(tuple),
    cycle=st.just(1),
)


def keys(found: list[Entry]) -> list[tuple[int, int, bool, int]]:
    return sorted((e.symbol, e.as_of_ms, e.forming, filter_id) for e in found for filter_id in e.filter_ids)


def free_budget(questions: int = 1_000) -> Budget:
    return Budget(questions, 1e9, lambda _ids: 0.0)


@given(st.lists(entries, max_size=20), st.integers(1, 12))
def test_what_goes_in_comes_out_once_in_order_per_symbol(given_in: list[Entry], room: int) -> None:
    busy: set[int] = set()
    queue = Queue(busy)
    gone: list[Entry] = []
    for entry in given_in:
        gone += queue.add(entry)
    assert all(entry.forming for entry in gone)
    taken: list[Entry] = []
    while free := queue.free():
        task = queue.take(free, free_budget(room))
        assert sum(len(entry.filter_ids) for entry in task) <= room or len(task) == 1
        assert busy == {entry.symbol for entry in task}
        busy.clear()
        taken += task
    assert keys(taken + gone) == keys(given_in)
    assert queue.size == 0
    for symbol in range(4):
        instants = [entry.as_of_ms for entry in taken if entry.symbol == symbol]
        assert instants == sorted(instants)


@given(st.lists(entries.map(lambda e: e._replace(forming=False)), min_size=1, max_size=12))
def test_what_is_put_back_comes_out_as_if_it_had_never_been_taken(given_in: list[Entry]) -> None:
    busy: set[int] = set()
    queue = Queue(busy)
    for entry in given_in:
        queue.add(entry)
    first = queue.take(queue.free(), free_budget())
    busy.clear()
    for entry in reversed(first):
        queue.put_back(entry)
    assert sorted(queue.take(queue.free(), free_budget())) == sorted(first)


@given(st.lists(entries, max_size=20), st.integers(1, 4))
def test_a_filter_is_stripped_from_everything(given_in: list[Entry], filter_id: int) -> None:
    queue = Queue(set())
    gone: list[Entry] = []
    for entry in given_in:
        gone += queue.add(entry)
    parts = queue.strip(filter_id)
    rest = queue.empty()
    assert all(part.filter_ids == (filter_id,) for part in parts)
    assert all(filter_id not in entry.filter_ids for entry in rest)
    assert keys(parts + rest + gone) == keys(given_in)


@given(st.lists(entries, max_size=20, unique_by=lambda e: (e.symbol, e.as_of_ms, e.forming, e.filter_ids)))
def test_a_task_asks_exactly_its_entries_in_the_order_of_their_instants(given_in: list[Entry]) -> None:
    steps = compose(given_in)
    asked = [
        (symbol, step.as_of_ms, step.forming, filter_id)
        for step in steps
        for item in step.items
        for filter_id in item.filter_ids
        for symbol in item.symbols
    ]
    assert sorted(asked) == keys(given_in)
    assert [step.as_of_ms for step in steps] == sorted(step.as_of_ms for step in steps)
