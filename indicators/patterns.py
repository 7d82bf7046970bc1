"""What the entries of all candlestick patterns have in common."""

from collections.abc import Mapping
from types import MappingProxyType

from indicators.checks import Parameter
from indicators.entry import Entry

NISON = "S. Nison, Japanese Candlestick Charting Techniques (1991)"
MORRIS = "G. L. Morris, Candlestick Charting Explained (2006)"
BULKOWSKI = "T. N. Bulkowski, Encyclopedia of Candlestick Charts (2008)"

LIMITS = (
    "What counts as long, short, near or equal is measured against the candles before, with the settings of TA-Lib; whether "
    "the trend before it fits the pattern is left to the caller"
)


def pattern(
    name: str,
    summary: str,
    about: str,
    leading: int,
    module: str,
    state: int = 0,
    source: str = MORRIS,
    parameters: Mapping[str, Parameter] = MappingProxyType({}),
) -> Entry:
    """The entry of a pattern that TA-Lib has under the same name; `about` says what the candles look like, and the signs."""
    return Entry(
        name=name,
        group="pattern",
        summary=summary,
        about=f"{about}. {LIMITS}",
        source=f"{source}; TA-Lib {name.upper()}",
        inputs=("open", "high", "low", "close"),
        outputs=(name,),
        leading=lambda **_: leading,
        module=module,
        parameters=parameters,
        state=state,
        kind="count",
        talib=name.upper(),
    )
