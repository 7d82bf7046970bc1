"""The books of a simulation: every question that was submitted, and how it ended. Raises AssertionError at the first lie."""

from collections import Counter, defaultdict

from engine.dispatch.events import Evaluation
from engine.dispatch.instructions import GiveUp, Report, SendTask, Superseded

Key = tuple[int, int, bool, int]


class Ledger:
    """Questions are (symbol, as_of_ms, forming, filter); each must end exactly once."""

    def __init__(self) -> None:
        self.open: Counter[Key] = Counter()
        self.dropped: set[int] = set()
        self.given_up: dict[int, str] = {}
        self.ended = 0
        # Latest instant reported, by symbol, filter and kind: answers must come in order.
        self._latest: dict[tuple[int, int, bool], int] = defaultdict(int)
        # Symbols and filters in workers' hands.
        self._busy: dict[int, tuple[int, int]] = {}
        self._tasks: dict[tuple[int, int], set[int]] = {}

    def submitted(self, evaluations: list[Evaluation]) -> None:
        for symbol, as_of_ms, forming, filter_ids in evaluations:
            for filter_id in filter_ids:
                self.open[symbol, as_of_ms, forming, filter_id] += 1

    def _end(self, key: Key, how: str) -> None:
        if key[3] in self.dropped and not self.open[key]:
            return
        assert self.open[key] > 0, f"{key} ended twice, or was never asked: {how}"
        self.open[key] -= 1
        if not self.open[key]:
            del self.open[key]
        self.ended += 1

    def reported(self, report: Report) -> None:
        for outcome in report.outcomes:
            for result in outcome.results:
                for symbol in outcome.symbols:
                    place = (symbol, result.filter_id, outcome.forming)
                    assert outcome.as_of_ms >= self._latest[place], f"{place} is reported out of order"
                    self._latest[place] = outcome.as_of_ms
                    self._end((symbol, outcome.as_of_ms, outcome.forming, result.filter_id), "reported")

    def gave_up(self, give_up: GiveUp) -> None:
        self.given_up.setdefault(give_up.filter_id, give_up.reason)
        for question in give_up.questions:
            self._end((*question, give_up.filter_id), f"given up: {give_up.reason}")

    def superseded(self, superseded: Superseded) -> None:
        assert superseded.question.forming, "a close-driven question gave way"
        for filter_id in superseded.filter_ids:
            self._end((*superseded.question, filter_id), "superseded")

    def drop(self, filter_id: int) -> None:
        """What is queued of a dropped filter is forgotten; what is running may still be reported."""
        self.dropped.add(filter_id)
        for key in [key for key in self.open if key[3] == filter_id]:
            del self.open[key]

    # --- who has what -------------------------------------------------------------------------------------------------

    def sent(self, send: SendTask, questions_max: int) -> None:
        worker = (send.slot, send.generation)
        assert worker not in self._tasks, f"{worker} was given a second task"
        items = [item for step in send.task.steps for item in step.items]
        symbols = {symbol for item in items for symbol in item.symbols}
        for symbol in symbols:
            assert symbol not in self._busy, f"symbol {symbol} is with {self._busy[symbol]} and {worker}"
            self._busy[symbol] = worker
        self._tasks[worker] = symbols
        instants = [(step.as_of_ms, step.forming) for step in send.task.steps]
        assert instants == sorted(set(instants)), "steps are not in order"
        questions = sum(len(item.symbols) * len(item.filter_ids) for item in items)
        assert questions <= questions_max or len(symbols) == 1, f"a task of {questions} questions"

    def back(self, slot: int, generation: int) -> None:
        """The brain was told that this worker's task is answered, or that the worker is gone."""
        for symbol in self._tasks.pop((slot, generation), ()):
            del self._busy[symbol]
