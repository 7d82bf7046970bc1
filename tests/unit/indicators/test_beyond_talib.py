"""What TA-Lib lacks, by small examples: which bar shows what, and that no bar knows what comes after it."""

import numpy as np
import pytest

import indicators
from indicators import IndicatorError, catalog
from tests.unit.indicators.cases import assert_close, assert_same_bits

NAN = np.nan
WAVE = np.array([1.0, 2.0, 5.0, 3.0, 2.0, 4.0, 7.0, 6.0, 5.0, 6.0])


class TestAliases:
    def test_each_leads_to_an_indicator_and_hides_none(self):
        assert set(catalog.ALIASES.values()) <= set(catalog.ENTRIES)
        assert not set(catalog.ALIASES) & set(catalog.ENTRIES)

    def test_an_alias_is_the_indicator_itself(self):
        for alias, name in catalog.ALIASES.items():
            assert getattr(indicators, alias) is getattr(indicators, name)
            assert alias in indicators.__all__
            assert alias in dir(indicators)


class TestLasting:
    def test_rising_asks_for_every_step(self):
        assert indicators.rising(WAVE, 2).tolist() == [False, False, True, False, False, False, True, False, False, False]
        assert indicators.falling(WAVE, 2).tolist() == [False] * 4 + [True] + [False] * 3 + [True, False]

    def test_above_takes_a_number_on_either_side(self):
        assert indicators.above(WAVE, 3, 2).tolist() == [False] * 6 + [True] * 4
        assert_same_bits(indicators.above(3, WAVE, 2), indicators.below(WAVE, 3, 2))

    def test_a_missing_value_begins_the_count_anew(self):
        gap = np.array([4.0, 5.0, NAN, 6.0, 7.0])
        assert indicators.above(gap, 1, 2).tolist() == [False, True, False, False, True]
        assert indicators.rising(gap, 1).tolist() == [False, True, False, False, True]


class TestBarsSince:
    def test_it_counts_from_the_last_time_and_knows_nothing_before_the_first(self):
        assert_same_bits(indicators.bars_since([0, 0, 1, 0, 0, -2, 0]), np.array([NAN, NAN, 0, 1, 2, 0, 1]))

    def test_it_takes_the_answer_of_a_condition(self):
        condition = indicators.crossed_above(WAVE, 4)
        assert condition.dtype == bool
        assert_same_bits(indicators.bars_since(condition), indicators.bars_since(condition.astype(float)))

    def test_a_missing_value_is_no_condition(self):
        assert_same_bits(indicators.bars_since([1.0, NAN, 0.0]), np.array([0.0, 1.0, 2.0]))

    def test_only_a_condition_may_be_true_and_false(self):
        with pytest.raises(TypeError, match="array of bool"):
            indicators.rising(WAVE > 2)


def test_bars_since_an_extreme_count_from_the_most_recent_of_equal_ones():
    values = [3.0, 1.0, 3.0, 2.0, 1.0]
    assert_same_bits(indicators.highest_bars(values, 3), np.array([NAN, NAN, 0, 1, 2]))
    assert_same_bits(indicators.lowest_bars(values, 4), np.array([NAN, NAN, NAN, 2, 0]))


class TestSwings:
    def test_a_swing_is_shown_from_the_bar_that_settles_it(self):
        # 5.0 stands on bar 2, and two lower bars are there on bar 4
        assert_same_bits(indicators.swing_high(WAVE, 2), np.array([NAN] * 4 + [5.0] * 4 + [7.0] * 2))
        assert_same_bits(indicators.swing_low(WAVE, 2), np.array([NAN] * 6 + [2.0] * 4))

    def test_of_equal_bars_the_first_is_the_swing(self):
        # Given a flat top, and an oscillator that tells its bars apart
        price = [1.0, 4.0, 1.0, 5.0, 5.0, 1.0, 1.0]
        assert indicators.divergence(price, [0, 9, 0, 5, 10, 0, 0], 1).tolist() == [0, 0, 0, 0, -1, 0, 0]

    @pytest.mark.parametrize(
        "price, oscillator, code",
        [((5.0, 6.0), (9.0, 8.0), -1), ((6.0, 5.0), (8.0, 9.0), -2), ((5.0, 6.0), (8.0, 9.0), 0), ((5.0, 5.0), (9.0, 8.0), 0)],
    )
    def test_a_divergence_of_tops_and_of_bottoms(self, price, oscillator, code):
        prices = np.array([0.0, price[0], 0.0, price[1], 0.0])
        values = np.array([0.0, oscillator[0], 0.0, oscillator[1], 0.0])
        assert indicators.divergence(prices, values, 1).tolist() == [0, 0, 0, 0, code]
        assert indicators.divergence(-prices, -values, 1).tolist() == [0, 0, 0, 0, -code]


def test_pivots_come_from_the_bars_before():
    levels = indicators.pivots([10.0, 99.0], [4.0, 1.0], [7.0, 50.0])
    assert [level[1] for level in levels] == [7.0, 10.0, 13.0, 16.0, 4.0, 1.0, -2.0]
    assert all(np.isnan(level[0]) for level in levels)


def test_the_cloud_of_a_bar_was_computed_displacement_bars_ago(candles):
    high, low, close = (candles[0][name] for name in ("high", "low", "close"))
    conversion, base, span_a, span_b, lagging = indicators.ichimoku(high, low, close)
    assert_close(conversion[100], (high[92:101].max() + low[92:101].min()) / 2)
    assert_close(base[100], (high[75:101].max() + low[75:101].min()) / 2)
    assert_close(span_a[126], (conversion[100] + base[100]) / 2)
    assert_close(span_b[126], (high[49:101].max() + low[49:101].min()) / 2)
    assert lagging[126] == close[100]


def test_a_squeeze_is_on_where_the_bands_are_inside(candles):
    high, low, close = (candles[0][name] for name in ("high", "low", "close"))
    upper, middle, _ = indicators.bbands(close, 20)
    ranges = indicators.sma(indicators.trange(high, low, close), 20)
    found = indicators.squeeze(high, low, close)
    assert 0 < found.sum() < len(found)
    assert_same_bits(found, upper < middle + 1.5 * ranges)


def test_the_stochastic_of_a_series_is_that_of_three_equal_ones(candles):
    series = indicators.rsi(candles[1]["close"])
    expected = indicators.stoch(series, series, series, 14, 3, 0, 3, 0)
    for found, wanted in zip(indicators.stoch_of(series), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


def test_a_standing_market_gives_exact_zeros():
    still = np.full(60, 0.1)
    assert not indicators.zscore(still)[19:].any()
    assert not indicators.squeeze_momentum(still, still, still)[38:].any()
    assert (indicators.choppiness(still, still, still)[14:] == 100.0).all()


def test_the_volume_profile_finds_where_most_was_traded():
    # Given volume 1, 7 and 2 at the prices 1, 5 and 9, in four parts of 2 from 1 to 9
    price = [1.0, 5.0, 9.0]
    poc, area_low, area_high = indicators.volume_profile(price, price, price, [1.0, 7.0, 2.0], 3, 4)
    assert (poc[2], area_low[2], area_high[2]) == (6.0, 5.0, 7.0)
    with pytest.raises(IndicatorError, match="bins was 1: expected an integer from 2 to 1000"):
        indicators.volume_profile(price, price, price, price, 3, 1)


def test_vwap_begins_anew_at_each_anchor():
    price, volume = [1.0, 2.0, 4.0, 8.0], [1.0, 3.0, 1.0, 0.0]
    found = indicators.vwap_anchored(price, price, price, volume, [False, False, True, False])
    assert found.tolist() == [1.0, 1.75, 4.0, 4.0]
    assert indicators.vwap_anchored(price, price, price, volume, np.ones(4)).tolist() == price
