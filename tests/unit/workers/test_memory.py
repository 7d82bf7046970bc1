"""What is remembered equals what is computed directly, for every symbol, instant and composition, and is bounded."""

import random

import numpy as np
import pytest

import indicators
from indicators import IndicatorError
from tests.unit.workers.stall import bar, bars, stall
from workers.deadline import DeadlinePassed
from workers.vocabulary import BAR_FIELDS

FIELDS = frozenset(BAR_FIELDS[1:])
NAMES = tuple(f"S{number}USDT" for number in range(9))


def klines_of(one, as_of_ms, forming=False, symbols=None):
    """Per symbol, its bars of 1m."""
    symbols = one.symbols if symbols is None else symbols
    frame = one.market.step(as_of_ms, forming, symbols, {"1m": FIELDS})
    return {symbol: klines["1m"] for symbol, _, klines in frame.questions(symbols, ("1m",))[0]}


def calls(module, b):
    """All kinds of calls, on `ta` or on the package itself."""
    macd, signal, hist = module.macd(b.close, 5, 12, signalperiod=4)
    upper, middle, lower = module.bbands(b.close, 20, 2.0, 1.5)
    slowk, slowd = module.stoch(b.high, b.low, b.close)
    return {
        "rsi": module.rsi(b.close, 14),
        "ema of rsi": module.ema(module.rsi(b.close, 14), 9),
        "sma of high": module.sma(b.high, period=7),
        "macd": macd,
        "signal": signal,
        "ema of hist": module.ema(hist, 3),
        "upper": upper,
        "middle": middle,
        "lower": lower,
        "slowk": slowk,
        "slowd": slowd,
        "atr": module.atr(b.high, b.low, b.close),
        "adx": module.adx(b.high, b.low, b.close, 7),
        "obv": module.obv(b.close, b.volume),
        "cross of two": module.crossed_above(macd, signal),
        "cross of a number": module.crossed_below(module.rsi(b.close, 14), 50),
        "highest": module.highest(b.high, 10),
        "bars since a cross": module.bars_since(module.crossed_above(macd, signal)),
        "sum of a count": module.sum(module.cdldoji(b.open, b.high, b.low, b.close), 5),
    }


def assert_equal(found, wanted):
    for name, values in wanted.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
        assert not found[name].flags.writeable


def own(b):
    """The same bars as arrays nobody knows."""

    class Own:
        pass

    for name in BAR_FIELDS[1:]:
        setattr(Own, name, getattr(b, name).copy())
    return Own


@pytest.mark.parametrize("seed", range(6))
def test_remembered_is_computed_bit_for_bit(seed):
    # Given symbols of different ages, bars arriving in different order, revisions, anchors that move, instants in the past
    chance = random.Random(seed)
    with stall(50, NAMES, 300) as one:
        interval = one.writer.add_interval("1m")
        for symbol in one.symbols:
            one.put(symbol, "1m", bars("1m", [100 + chance.random() for _ in range(100 - 10 * symbol)], 1 + 10 * symbol))
        newest = dict.fromkeys(one.symbols, 100)
        for _ in range(25):
            for symbol in chance.sample(one.symbols, chance.randint(1, 9)):
                newest[symbol] += 1
                one.put(symbol, "1m", [bar("1m", newest[symbol], 100 + chance.random())])
                one.writer.put_forming(symbol, interval, bar("1m", newest[symbol] + 1, 100 + chance.random()))
            if chance.random() < 0.2:
                one.writer.put_history(0, interval, [bar("1m", newest[0] - 3, 77 + chance.random())])
            asked = tuple(sorted(chance.sample(one.symbols, chance.randint(1, 9))))
            as_of_ms = (max(newest.values()) + 1 - chance.choice((0, 0, 5))) * 60_000
            # When filters ask
            for symbol, found in klines_of(one, as_of_ms, chance.random() < 0.3, asked).items():
                # Then what they get is what the package computes from these bars alone
                assert_equal(calls(one.memory.ta, found), calls(indicators, own(found)))
                assert symbol in asked


def test_one_kernel_call_serves_all_symbols_and_the_next_trader_gets_it_for_nothing():
    with stall(50, NAMES) as one:
        for symbol in one.symbols:
            one.put(symbol, "1m", bars("1m", [100.0 + n for n in range(60)]))
        shown = klines_of(one, 61 * 60_000)
        first = {symbol: one.memory.ta.rsi(b.close, 14) for symbol, b in shown.items()}
        assert (one.memory.usage.misses, one.memory.usage.hits) == (1, 8)
        again = {symbol: one.memory.ta.rsi(b.close, 14) for symbol, b in shown.items()}
        assert all(again[symbol] is first[symbol] for symbol in one.symbols)
        # A new step without a new bar computes nothing.
        shown = klines_of(one, 61 * 60_000)
        for b in shown.values():
            one.memory.ta.rsi(b.close, period=14)
        assert one.memory.usage.misses == 1
        # A new bar of one symbol computes that symbol.
        one.put(4, "1m", [bar("1m", 61, 55.0)])
        shown = klines_of(one, 62 * 60_000)
        for b in shown.values():
            one.memory.ta.rsi(b.close)
        assert one.memory.usage.misses == 2


def test_slices_and_sums_are_single_series():
    with stall(50, NAMES) as one:
        one.put(0, "1m", bars("1m", [100.0 + n % 7 for n in range(60)]))
        b = klines_of(one, 61 * 60_000, symbols=(0,))[0]
        ta = one.memory.ta
        np.testing.assert_array_equal(ta.rsi(b.close[-30:], 14), indicators.rsi(b.close[-30:].copy(), 14))
        np.testing.assert_array_equal(ta.sma((b.high + b.low) / 2, 5), indicators.sma((b.high + b.low) / 2, 5))
        np.testing.assert_array_equal(ta.sma([1, 2, 3, 4], 2), [np.nan, 1.5, 2.5, 3.5])
        assert not ta.sma([1, 2, 3, 4], 2).flags.writeable


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda ta, b: ta.rsi(b.close, 0), IndicatorError, "rsi: period was 0: expected an integer from 2"),
        (lambda ta, b: ta.rsi(b.close, 14.0), TypeError, "rsi: period was 14.0"),
        (lambda ta, b: ta.rsi(b.close, True), TypeError, "rsi: period was True"),
        (lambda ta, _: ta.rsi(), TypeError, "rsi: real missing"),
        (lambda ta, b: ta.rsi(b.close, timeperiod=14), TypeError, "keyword 'timeperiod' is unknown"),
        (lambda ta, _: ta.rsi("close"), TypeError, "expected an array of numbers"),
        (lambda ta, b: ta.atr(b.high, b.low, b.close[1:]), IndicatorError, "expected one shape for all"),
        (lambda ta, _: ta.crossed_above(1, 2), TypeError, "expected at least one series"),
        (lambda ta, b: ta.crossed_above(b.close, "x"), TypeError, "expected a series or a number"),
    ],
)
def test_a_wrong_call_is_an_error_whatever_others_asked_before(call, error, text):
    with stall(50) as one:
        one.put(0, "1m", bars("1m", [100.0] * 30))
        b = klines_of(one, 31 * 60_000)[0]
        one.memory.ta.rsi(b.close, 14)
        one.memory.ta.rsi(b.close, 1 + 1)
        with pytest.raises(error, match=text.replace("(", "\\(")):
            call(one.memory.ta, b)


def test_memory_is_bounded_and_what_it_drops_was_used_least():
    with stall(50, NAMES, bytes_max=400_000) as one:
        for symbol in one.symbols:
            one.put(symbol, "1m", bars("1m", [100.0 + n % 11 for n in range(60)]))
        for number in range(30):
            b = klines_of(one, 61 * 60_000)[0]
            one.memory.ta.sma(b.close, 3)
            one.memory.ta.ema(one.memory.ta.sma(b.close, 10 + number), 5)
            assert one.memory.usage.bytes < 500_000
        misses = one.memory.usage.misses
        one.memory.ta.sma(klines_of(one, 61 * 60_000)[0].close, 3)
        assert one.memory.usage.misses == misses


def test_a_loop_over_parameters_in_one_step_does_not_fill_memory():
    with stall(50, NAMES, bytes_max=200_000) as one:
        for symbol in one.symbols:
            one.put(symbol, "1m", bars("1m", [100.0 + n % 11 for n in range(60)]))
        b = klines_of(one, 61 * 60_000)[0]
        kept = {}
        for period in range(2, 400):
            kept[period] = one.memory.ta.sma(b.close, period)
            assert one.memory.usage.bytes < 500_000
        # And what a filter still holds is right, also as an input.
        np.testing.assert_array_equal(kept[5], indicators.sma(b.close.copy(), 5))
        np.testing.assert_array_equal(one.memory.ta.ema(kept[5], 3), indicators.ema(kept[5].copy(), 3))


def test_a_deadline_that_strikes_while_results_are_let_go_of_leaves_their_series_alive(monkeypatch):
    with stall(50, NAMES, bytes_max=10) as one:
        one.put(0, "1m", bars("1m", [100.0 + n % 11 for n in range(60)]))
        b = klines_of(one, 61 * 60_000)[0]

        def struck():
            raise DeadlinePassed

        # Given results that are still found by the identities of series
        monkeypatch.setattr(one.memory.prepared, "clear", struck)
        with pytest.raises(DeadlinePassed):
            one.memory.ta.sma(b.close, 5)
        # Then what those series belong to is kept, until the next one asks
        assert one.memory.usage.bytes > 20
        monkeypatch.undo()
        np.testing.assert_array_equal(one.memory.ta.sma(b.close, 5), indicators.sma(b.close.copy(), 5))
        assert one.memory.usage.bytes == 0


def test_series_of_different_symbols_do_not_mix():
    with stall(50, NAMES) as one:
        for symbol in one.symbols:
            one.put(symbol, "1m", bars("1m", [100.0 + n % (symbol + 3) for n in range(60)]))
        shown = klines_of(one, 61 * 60_000)
        found = one.memory.ta.crossed_above(shown[0].close, shown[1].close)
        np.testing.assert_array_equal(found, indicators.crossed_above(shown[0].close.copy(), shown[1].close.copy()))


def test_a_deadline_that_strikes_while_a_block_is_computed_spoils_nothing(monkeypatch):
    with stall(50, NAMES) as one:
        interval = one.writer.add_interval("1m")
        for symbol in one.symbols:
            one.put(symbol, "1m", bars("1m", [100.0 + n % 7 for n in range(60)]))
            one.writer.put_forming(symbol, interval, bar("1m", 61, 103.0))
        kernel = indicators.catalog.ENTRIES["rsi"].kernel
        kernel.load()
        run, calls_left = kernel.run, iter([True, False])

        def struck(*arguments):
            # Closed bars are computed, the forming one is not.
            if next(calls_left):
                return run(*arguments)
            raise DeadlinePassed

        # Given a filter that is stopped between the two
        shown = klines_of(one, 61 * 60_000, forming=True)
        monkeypatch.setattr(kernel, "run", struck)
        with pytest.raises(DeadlinePassed):
            one.memory.ta.rsi(shown[0].close, 14)
        monkeypatch.setattr(kernel, "run", run)
        # When the next one asks in the same step
        for b in shown.values():
            found = one.memory.ta.rsi(b.close, 14)
            # Then it gets what is right
            np.testing.assert_array_equal(found, indicators.rsi(b.close.copy(), 14))


def test_an_array_of_one_number_is_looked_at_each_time():
    with stall(50) as one:
        one.put(0, "1m", bars("1m", [100.0 + n % 7 for n in range(60)]))
        b = klines_of(one, 61 * 60_000)[0]
        period = np.array(3)
        one.memory.ta.sma(b.close, period)
        period.fill(10)
        np.testing.assert_array_equal(one.memory.ta.sma(b.close, period), indicators.sma(b.close.copy(), 10))


def test_a_period_beyond_history_takes_no_memory():
    with stall(50) as one:
        one.put(0, "1m", bars("1m", [100.0 + n % 7 for n in range(60)]))
        b = klines_of(one, 61 * 60_000)[0]
        assert np.isnan(one.memory.ta.wma(b.close, 100_000)).all()
        assert one.memory.usage.bytes == 0
