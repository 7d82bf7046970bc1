"""How each part of an engine is: `ok`, `starting`, `degraded` or `failed`, why, since when, and what to do. The document of
`/health`.

`components` is a pure look at facts; `Health` remembers since when each state holds, so it has to look now and then. A part
that is starting is not failed, and an engine that is degraded answers 200: only a failed part makes it unhealthy.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from engine.base.clock import iso_utc
from engine.feeds.freshness import State
from engine.supervisor import sandbox
from engine.supervisor.feed_facts import FeedFacts
from engine.supervisor.state import Facts
from engine.supervisor.waiting import line

#: Most of the request weight that the exchange allows, in percent, before it is worth a word.
WEIGHT_WORD_PERCENT = 95
#: Messages later than this are worth a word: ten times what a healthy network and engine take.
LATE_MS = 1_000.0


class Word(StrEnum):
    """One word for a part, from good to bad."""

    OK = "ok"
    STARTING = "starting"
    DEGRADED = "degraded"
    FAILED = "failed"


ORDER = tuple(Word)
WHOLE = {Word.OK: "healthy", Word.STARTING: "degraded", Word.DEGRADED: "degraded", Word.FAILED: "unhealthy"}


class Part(NamedTuple):
    """One component: a word, the reason for it, and what its owner can do."""

    state: Word
    reason: str = ""
    advice: str = ""


def components(facts: Facts) -> dict[str, Part]:
    """All parts of an engine, each with its word."""
    feeds, is_starting = facts.feeds, facts.state == "starting"
    found = {
        "exchange": _starting(facts) if feeds is None else _exchange(feeds, is_starting=is_starting),
        "feeds": _starting(facts) if feeds is None else _feeds(feeds, facts.released_count),
        "history": _starting(facts) if feeds is None else _history(feeds),
        "candles": _candles(facts),
        "clock": _starting(facts) if feeds is None else _clock(feeds),
        "workers": _workers(facts),
        "sandbox": _sandbox(facts),
        "database": _named(facts, "database", "signals wait in the spool and are sent when it is back: look at its server"),
        "spool": _named(facts, "spool", "make room on the disk of the home: evaluations are held until then"),
        "traders": _traders(facts),
    }
    if "recording" in facts.problems:
        found["recording"] = _named(facts, "recording", "make room, or name another record_dir, and start again")
    return found


def _starting(facts: Facts) -> Part:
    return Part(Word.STARTING if facts.state == "starting" else Word.OK)


def _exchange(feeds: FeedFacts, *, is_starting: bool) -> Part:
    if feeds.is_banned:
        return Part(Word.DEGRADED, f"our address is banned for {feeds.pause_s:.0f} s more", "wait: asking sooner prolongs it")
    if feeds.pause_s:
        return Part(Word.DEGRADED, f"the exchange asked for a pause of {feeds.pause_s:.0f} s", "wait: nothing is sent until then")
    if feeds.problem:
        word = Word.STARTING if is_starting else Word.DEGRADED
        return Part(word, feeds.problem, "it is tried again for ever: look at the network and at the exchange's status page")
    if feeds.weight_limit and feeds.weight_used * 100 >= feeds.weight_limit * WEIGHT_WORD_PERCENT:
        reason = f"request weight {feeds.weight_used} of {feeds.weight_limit} is used in this minute"
        return Part(Word.DEGRADED, reason, "another program on this address may spend it, or lower weight_limit_percent")
    return Part(Word.OK)


def _feeds(feeds: FeedFacts, released: int) -> Part:
    series = feeds.series
    total, live = sum(series.values()), series[State.LIVE]
    if live == total:
        lag_ms = feeds.event_lag.p50_ms
        if lag_ms is not None and lag_ms > LATE_MS:
            reason = f"half of the messages are later than {lag_ms:.0f} ms"
            return Part(Word.DEGRADED, reason, "look at the load of this machine, at the network, and at the clock")
        return Part(Word.OK, f"{released} symbols are not traded now" if released else "")
    reason = f"{total - live} of {total} series are not live: {line(feeds.troubles[0])}" if feeds.troubles else "series come"
    if series[State.NO_DATA] == total:
        return Part(Word.STARTING, reason, "history is being fetched")
    if not live and series[State.STALE] and not series[State.REPAIRING]:
        return Part(Word.FAILED, reason, "no filter runs: look at the network and at the exchange's status page")
    if live and series[State.NO_DATA] + live == total:
        return Part(Word.STARTING, reason, "traders run on the series that are there; the others come")
    return Part(Word.DEGRADED, reason, "they are repaired by themselves; their traders wait, `engine status` names them")


def _history(feeds: FeedFacts) -> Part:
    if feeds.history_problem:
        return Part(Word.DEGRADED, feeds.history_problem, "it is asked for until it is there; traders that need it wait")
    if feeds.history_done < feeds.history_total:
        left_s = feeds.history_seconds_left
        left = f", about {left_s:.0f} s left" if left_s else ""
        return Part(Word.STARTING, f"{feeds.history_done} of {feeds.history_total} series{left}")
    return Part(Word.OK)


def _candles(facts: Facts) -> Part:
    if "candles" in facts.problems:
        return Part(Word.DEGRADED, facts.problems["candles"], "raise the setting that is named and start again")
    return Part(Word.OK)


def _clock(feeds: FeedFacts) -> Part:
    if feeds.clock.warned:
        reason = f"this machine's clock is {-feeds.clock.offset_ms / 1e3:+.1f} s off the exchange's"
        return Part(Word.DEGRADED, reason, "set this machine's clock by NTP; the engine follows the exchange's meanwhile")
    return Part(Word.OK)


def _workers(facts: Facts) -> Part:
    if facts.workers_ready >= facts.workers_target:
        return Part(Word.OK)
    reason = f"{facts.workers_ready} of {facts.workers_target} workers are ready"
    if facts.state == "starting":
        return Part(Word.STARTING, reason)
    word = Word.DEGRADED if facts.workers_ready else Word.FAILED
    return Part(word, reason, "they are started again by themselves; when they do not come, run engine doctor")


def _sandbox(facts: Facts) -> Part:
    found = facts.sandbox
    if found.state is sandbox.State.UNKNOWN:
        return _starting(facts)
    if found.state is sandbox.State.FULL:
        return Part(Word.OK)
    explained = found.explained()
    advice = "; ".join(dict.fromkeys(one["advice"] for one in explained))
    if found.state is sandbox.State.NONE:
        word = Word.DEGRADED if found.is_unsandboxed else Word.FAILED
        return Part(word, found.line(), advice)
    return Part(Word.DEGRADED, f"missing: {found.told_missing()}", advice)


def _named(facts: Facts, part: str, advice: str) -> Part:
    reason = facts.problems.get(part, "")
    return Part(Word.DEGRADED, reason, advice) if reason else Part(Word.OK)


def _traders(facts: Facts) -> Part:
    named = [f"{facts.traders[word]} {word}" for word in ("paused", "refused") if facts.traders[word]]
    return Part(Word.DEGRADED, ", ".join(named), "see `engine trader list`") if named else Part(Word.OK)


class Health:
    """What `components` found, and since when each part has been in its state."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[Word, str]] = {}

    def look(self, facts: Facts, now_ms: int) -> dict[str, Part]:
        """Remember what is new; `now_ms` is this machine's wall clock."""
        parts = components(facts)
        for name, part in parts.items():
            held = self._since.get(name)
            if held is None or held[0] is not part.state:
                self._since[name] = part.state, iso_utc(now_ms)
        return parts

    def document(self, facts: Facts, now_ms: int) -> Mapping[str, Any]:
        """The document of `/health`: one entry per component, and the worst of them as the whole."""
        parts = self.look(facts, now_ms)
        worst = max((part.state for part in parts.values()), key=ORDER.index)
        shown = {name: {**part._asdict(), "since": self._since[name][1]} for name, part in parts.items()}
        return {"state": WHOLE[worst], "engine": facts.state, "since": facts.since, "components": shown}
