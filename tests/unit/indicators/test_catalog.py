"""The catalog says about every indicator what is true of it, and binds arguments for the workers."""

import inspect

import numpy as np
import pytest

import indicators
from indicators import IndicatorError
from tests.unit.indicators.cases import CASES, ENTRIES, WAITING, call, series

GROUPS = {"overlap", "momentum", "volume", "volatility", "cycle", "price", "statistic", "math", "pattern", "screen", "trend"}
RSI = indicators.catalog.ENTRIES["rsi"]


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_public_function_has_the_names_and_defaults_of_the_entry(entry):
    signature = inspect.signature(getattr(indicators, entry.name))
    assert list(signature.parameters) == [*entry.inputs, *entry.parameters]
    for name, parameter in entry.parameters.items():
        assert signature.parameters[name].default == parameter.default
    assert entry.name in indicators.__all__


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_public_function_tells_shapes_and_results(entry):
    text = inspect.getdoc(getattr(indicators, entry.name))
    for part in ("Args:", "Returns:", *entry.inputs, *entry.parameters):
        assert part in text


@pytest.mark.parametrize("entry, parameters", CASES)
def test_the_lookback_is_the_number_of_bars_without_a_value(entry, parameters, candles):
    named = dict(zip(entry.parameters, parameters, strict=True))
    for result in call(entry, *series(entry, candles[0]), *parameters):
        if entry.kind != "value":
            assert not result[: entry.lookback(**named)].any()
        elif entry.name in WAITING:
            assert np.isnan(result[: entry.lookback(**named)]).all()
        else:
            assert int(np.isnan(result).sum()) == entry.lookback(**named)


def test_a_lookback_has_the_same_defaults_and_checks():
    assert RSI.lookback() == 14
    assert indicators.catalog.ENTRIES["stoch"].lookback(fastk_period=14) == 17
    with pytest.raises(IndicatorError, match="period was 1"):
        RSI.lookback(period=1)
    with pytest.raises(TypeError, match="'length' is unknown"):
        RSI.lookback(length=3)


@pytest.mark.parametrize("entry", ENTRIES)
def test_bind_returns_the_series_themselves_and_all_parameters(entry):
    given = [object() for _ in entry.inputs]
    bound, parameters = entry.bind(given, {})
    assert all(one is other for one, other in zip(bound, given, strict=True))
    assert parameters == tuple(parameter.default for parameter in entry.parameters.values())


def test_equal_calls_bind_to_equal_keys():
    close = np.ones(3)
    keys = {RSI.bind(*call_)[1] for call_ in [((close, 14), {}), ((close,), {"period": np.int64(14)}), ((), {"real": close})]}
    assert keys == {(14,)}
    assert all(type(value) is int for key in keys for value in key)


@pytest.mark.parametrize(
    "args, kwargs, error, message",
    [
        ((), {}, TypeError, "rsi: real missing: expected real, period"),
        ((1, 2, 3), {}, TypeError, "rsi: 3 arguments were given: expected at most 2 (real, period)"),
        ((1,), {"length": 3}, TypeError, "rsi: keyword 'length' is unknown: expected real, period"),
        ((1, 2), {"period": 3}, TypeError, "rsi: period was given twice"),
        ((1, "x"), {}, TypeError, "rsi: period was 'x': expected an integer from 2 to 100000"),
        ((1, 0), {}, IndicatorError, "rsi: period was 0: expected an integer from 2 to 100000"),
    ],
)
def test_bind_says_what_is_wrong(args, kwargs, error, message):
    with pytest.raises(error) as caught:
        RSI.bind(args, kwargs)
    assert str(caught.value) == message


def test_compute_refuses_a_parameter_it_does_not_have():
    with pytest.raises(TypeError, match="length is unknown"):
        RSI.compute(np.ones((3, 2)), length=3)


def test_every_entry_is_described_and_grouped():
    assert {entry.group for entry in indicators.catalog.ENTRIES.values()} <= GROUPS
    assert all(entry.summary and entry.source for entry in indicators.catalog.ENTRIES.values())


def test_an_unknown_name_is_refused():
    with pytest.raises(IndicatorError, match="indicator was nosuch: expected some of sma"):
        indicators.warm(["nosuch"])
