"""Functions behind the calls of indicators that a filter always makes with the same parameters (`workers.sites`).

Filters with equal calls share one function and what it has found in this step; it goes with the last of them.
"""

from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from indicators import catalog
from indicators.entry import Entry
from workers.kept import Kept, Number, Usage
from workers.sites import SERIES, Site

#: Answer of an indicator for series and checked parameters; with it, where it is remembered, the block and the lane asked for.
Answer = Callable[[Entry, tuple[Any, ...], tuple[Any, ...]], tuple[Any, Kept | None, int]]
Function = Callable[..., Any]


class Prepared:
    """All that are in use in one worker."""

    def __init__(self, answer: Answer, usage: Usage) -> None:
        self._answer = answer
        self._usage = usage
        self._functions: WeakValueDictionary[str, Function] = WeakValueDictionary()
        #: Answers of this step by the identities of series, which are held elsewhere.
        self._recent: WeakKeyDictionary[Function, dict[Any, Any]] = WeakKeyDictionary()

    def __len__(self) -> int:
        return len(self._functions)

    def clear(self) -> None:
        """Forget what was found: the series of the step are gone."""
        for recent in self._recent.values():
            recent.clear()

    def function(self, site: Site) -> Function:
        """The function of this site; raises as `Entry.bind` for parameters that are none."""
        found = self._functions.get(site.name)
        if found is None:
            recent: dict[Any, Any] = {}
            found = self._functions[site.name] = self._made(site, recent)
            self._recent[found] = recent
        return found

    def _made(self, site: Site, recent: dict[Any, Any]) -> Function:
        entry = catalog.BY_NAME[site.indicator]
        usage, find, get = self._usage, self._find, recent.get
        template, parameters = entry.bind(site.given, dict(site.named))

        def one(series: Any) -> Any:
            found = get(id(series))
            if found is None:
                return find(entry, template, parameters, recent, (series,))
            usage.hits += 1
            return found

        def several(*series: Any) -> Any:
            found = get(tuple(map(id, series)))
            if found is None:
                return find(entry, template, parameters, recent, series)
            usage.hits += 1
            return found

        return one if template.count(SERIES) == 1 else several

    def _find(
        self,
        entry: Entry,
        template: tuple[Any, ...],
        parameters: tuple[Any, ...],
        recent: dict[Any, Any],
        series: tuple[Any, ...],
    ) -> Any:
        """The first call in this step: the answer, and with it those for all symbols."""
        given = iter(series)
        filled = tuple([next(given) if value is SERIES else value for value in template])
        answer, kept, lane = self._answer(entry, filled, parameters)
        if kept is not None:
            sources = [one for one in kept.inputs if not isinstance(one, Number)]
            if len(sources) == len(series) and all(map(lambda one, value: one.views.holds(lane, value), sources, series)):
                keys: list[Iterable[int]] = [map(id, one.views.all) for one in sources]
                recent.update(zip(keys[0] if len(keys) == 1 else zip(*keys, strict=True), kept.answers(), strict=True))
        return answer
