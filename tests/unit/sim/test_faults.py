"""Faults as they are told, and whether they strike."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import SettingsError
from engine.sim.faultkinds import FORMS, KINDS
from engine.sim.faults import Faults
from engine.sim.faulttext import Fault, from_fields, from_flag
from tests.data import ROOT

#: What each kind cannot do without.
NEEDED = {"lifetime": {"s": 1}, "delay": {"ms": 1}, "http": {"status": 500}, "slow_body": {"ms": 1}, "skew": {"ms": -1}}


def fault(kind: str, **fields: object) -> Fault:
    return from_fields({"kind": kind, **NEEDED.get(kind, {}), **fields})


def test_the_manual_tells_every_kind_and_what_it_knows() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text().partition("## Breaking things on purpose")[2].partition("\n## ")[0]
    rows = {line.split("`")[1]: line for line in manual.splitlines() if line.startswith("| `")}
    for name, kind in KINDS.items():
        assert all(f"`{word}`" in rows[name] for word in (*kind.numbers, *kind.words)), name
        assert rows[name].split("|")[1].endswith("* ") == kind.by_stream, name
    assert all(form in manual for form in FORMS)


def test_a_flag_and_its_fields_are_the_same_fault() -> None:
    told = from_flag("http:status=429,retry_after_s=10,chance=0.05,symbols=btcusdt+ETHUSDT,intervals=1m,path=klines")
    fields = {"status": 429, "retry_after_s": 10, "chance": 0.05, "symbols": ["BTCUSDT", "ETHUSDT"], "intervals": ["1m"]}
    assert told == fault("http", **fields, path="klines")
    assert from_flag("drop") == fault("drop")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_told_back_is_the_same_fault_again(kind: str) -> None:
    told = fault(kind, after_s=1, for_s=2)
    assert from_fields(told.fields()) == told


@pytest.mark.parametrize(
    ("flag", "sentence"),
    [
        ("", "kind of fault is not known: ''"),
        ("plague:ms=1", "kind of fault is not known: 'plague'"),
        ("drop:code", "fault cannot be read: 'drop:code': write it as kind:name=value"),
        ("drop:code=", "fault cannot be read"),
        ("drop:code=1001,code=1002", "fault tells something twice"),
        ("drop:code=999", "code of fault drop is out of range: 999.0: use a whole number of 1000 to 4999"),
        ("drop:code=1001.5", "code of fault drop is out of range"),
        ("drop:ms=7", "fault drop has no such number: ms: its own are: code, every_s"),
        ("drop:count=0", "count of fault drop is out of range"),
        ("drop:count=nan", "count of fault drop is not a number"),
        ("drop:chance=2", "chance of fault drop is out of range: 2.0: use a number of 0 to 1"),
        ("drop:after_s=soon", "after_s of fault drop is not a number: 'soon'"),
        ("delay", "fault delay lacks a number: ms"),
        ("http", "fault http lacks a number: status"),
        ("http:status=404", "status of fault http is out of range: 404"),
        ("skew:ms=5,count=3", "fault skew has no occasions: count"),
        ("skew:ms=5,chance=0.5", "fault skew has no occasions: chance"),
        ("skew:ms=5,symbols=BTCUSDT", "fault skew cannot be limited: by symbols"),
        ("refuse:symbols=BTCUSDT", "fault refuse cannot be limited: by symbols"),
        ("silent:intervals=1m", "fault silent cannot be limited: by intervals"),
        ("malformed:form=odd", "form of fault malformed is not known: 'odd': use one of cut, garbage"),
        ("refuse:where=1", "where of fault refuse is not known: 1.0"),
        ("delay:ms=1,intervals=7m", "interval of fault delay is not known: '7m'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(flag: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        from_flag(flag)
    assert str(refusal.value).startswith(sentence)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": 7},
        {},
        {"kind": "drop", "symbols": "BTCUSDT"},
        {"kind": "drop", "symbols": [1]},
        {"kind": "drop", "count": True},
        {"kind": "drop", "code": "1001"},
        {"kind": "malformed", "form": 5},
        {"kind": "drop", "for_s": -1},
    ],
)
def test_fields_of_another_type_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        from_fields(fields)


@given(st.dictionaries(st.sampled_from(["kind", "count", "chance", "symbols", "ms", "code", "form"]), st.from_type(object)))
def test_no_fields_whatever_raise_anything_else(fields: dict[str, object]) -> None:
    with contextlib.suppress(SettingsError):
        from_fields({"kind": "delay", **fields})


def test_a_fault_strikes_from_when_to_when_it_is_told() -> None:
    faults = Faults()
    faults.add(fault("omit_closes", after_s=10, for_s=5), now_s=100.0)
    assert [faults.strike("omit_closes", now_s) is not None for now_s in (100.0, 109.9, 110.0, 114.9, 115.0)] == [
        *(False, False),
        *(True, True),
        False,
    ]
    assert faults.told(112.0)[0]["struck"] == 2


def test_a_fault_strikes_so_many_times() -> None:
    faults = Faults()
    faults.add(fault("delay", count=3), now_s=0.0)
    assert sum(faults.strike("delay", 1.0) is not None for _ in range(10)) == 3
    assert faults.told(1.0)[0]["active"] is False


def test_a_fault_strikes_only_what_it_concerns() -> None:
    faults = Faults()
    faults.add(fault("duplicate", symbols=["BTCUSDT"], intervals=["1m", "1h"]), now_s=0.0)
    occasions = [("BTCUSDT", "1m"), ("BTCUSDT", "5m"), ("ETHUSDT", "1m"), ("", "")]
    assert [faults.strike("duplicate", 0.0, *one) is not None for one in occasions] == [True, False, False, False]
    (running,) = faults.of("duplicate", 0.0)
    assert running.concerns_any(["ethusdt@kline_1m", "btcusdt@kline_1h@+08:00"])
    assert not running.concerns_any(["btcusdt@kline_5m", "btcusdt@ticker", "!miniTicker@arr"])
    assert not running.concerns_any([])


def test_chances_are_seeded_and_keep_to_their_share() -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(fault("malformed", chance=0.1), now_s=0.0)
        return [faults.strike("malformed", 0.0) is not None for _ in range(2_000)]

    assert struck(1) == struck(1) != struck(2)
    assert 150 < sum(struck(1)) < 250


def test_chances_of_one_fault_do_not_depend_on_others() -> None:
    def struck(*, beside: bool) -> list[bool]:
        faults = Faults(3)
        faults.add(fault("malformed", chance=0.5), now_s=0.0)
        if beside:
            faults.add(fault("delay", chance=0.5), now_s=0.0)
        return [(faults.strike("delay", 0.0), faults.strike("malformed", 0.0) is not None)[1] for _ in range(100)]

    assert struck(beside=True) == struck(beside=False)


def test_what_is_removed_strikes_no_more() -> None:
    faults = Faults()
    number = faults.add(fault("delay"), now_s=0.0)
    other = faults.add(fault("skew", ms=500), now_s=0.0)
    assert (faults.on_events, faults.has("clock"), faults.skew_ms(0.0)) == (True, True, 500)
    faults.remove(number)
    assert faults.strike("delay", 0.0) is None
    assert not faults.on_events
    with pytest.raises(SettingsError):
        faults.remove(number)
    faults.clear()
    assert (faults.told(0.0), faults.has("clock"), faults.skew_ms(0.0)) == ([], False, 0)
    assert faults.add(fault("delay"), now_s=0.0) > other
