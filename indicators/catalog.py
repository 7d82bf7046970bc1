"""All indicators by name, as data: what a worker calls, what the documentation lists, what a filter may use."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from indicators import (
    averages,
    channels,
    cycles,
    directional,
    extras,
    momentum,
    operators,
    oscillators,
    overlap,
    patterns_long,
    patterns_short,
    prices,
    rates,
    screens,
    statistic,
    stochastics,
    swings,
    transforms,
    trend,
    volatility,
    volume,
    volume_prices,
)
from indicators.checks import IndicatorError
from indicators.entry import Entry
from indicators.kernel import Kernel
from indicators.spans import KERNELS

GROUPS = (
    overlap,
    averages,
    channels,
    momentum,
    rates,
    stochastics,
    oscillators,
    directional,
    volume,
    volume_prices,
    volatility,
    cycles,
    prices,
    statistic,
    operators,
    transforms,
    trend,
    screens,
    swings,
    extras,
    patterns_short,
    patterns_long,
)

ENTRIES: Mapping[str, Entry] = MappingProxyType({entry.name: entry for group in GROUPS for entry in group.ENTRIES})

#: Names that people also look for.
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "aroon_oscillator": "aroonosc",
        "awesome": "ao",
        "bollinger": "bbands",
        "chaikin_money_flow": "cmf",
        "change_percent": "roc",
        "correlation": "correl",
        "elder_ray": "eri",
        "force_index": "efi",
        "heikin_ashi": "ha",
        "hull": "hma",
        "keltner": "kc",
        "linear_regression": "linearreg",
        "mass_index": "massi",
        "parabolic_sar": "sar",
        "percent_rank": "percentrank",
        "relative_volume": "rvol",
        "slope": "linearreg_slope",
        "stdev": "stddev",
        "stochastic": "stoch",
        "wilder": "rma",
        "williams_r": "willr",
    }
)

#: Every name a call may use.
BY_NAME: Mapping[str, Entry] = MappingProxyType({**ENTRIES, **{alias: ENTRIES[name] for alias, name in ALIASES.items()}})


def name_of(name: str) -> str:
    """The indicator's own name; any other text is left as it is."""
    return ALIASES.get(name, name)


def kernels(names: Iterable[str] | None = None) -> list[Kernel]:
    """The kernels that these indicators need, those shared by all included; of all indicators if `names` is None.

    Raises:
        IndicatorError: a name is unknown.
    """
    wanted = list(ENTRIES) if names is None else list(names)
    unknown = [name for name in wanted if name not in BY_NAME]
    if unknown:
        raise IndicatorError(f"indicator was {', '.join(unknown)}: expected some of {', '.join(ENTRIES)}")
    return [*KERNELS, *(BY_NAME[name].kernel for name in wanted)]
