"""Price weighed with volume: OBV, VWAP. Both are sums from the first bar of what is passed in."""

from typing import Any

from indicators.entry import Entry, Result

OBV = Entry(
    name="obv",
    group="volume",
    summary="On balance volume",
    source="J. Granville, New Key to Stock Market Profits (1963); TA-Lib OBV",
    inputs=("real", "volume"),
    outputs=("obv",),
    leading=lambda: 0,
    module="volume",
)

VWAP = Entry(
    name="vwap",
    group="volume",
    summary="Volume weighted average price since the first bar",
    source="sum of typical price times volume over sum of volume; TA-Lib VWAP (0.8)",
    inputs=("high", "low", "close", "volume"),
    outputs=("vwap",),
    leading=lambda: 0,
    module="volume",
)

ENTRIES = (OBV, VWAP)


def obv(real: Any, volume: Any) -> Result:
    """On balance volume: running sum of volume, added on a rise of the price and subtracted on a fall.

    Args:
        real: (bars,) or (bars, symbols), numbers; usually the close.
        volume: as `real`.

    Returns:
        float64 of the same shape; it starts with the first bar's volume, so only differences mean anything.
    """
    return OBV((real, volume))


def vwap(high: Any, low: Any, close: Any, volume: Any) -> Result:
    """Volume weighted average price from the first bar on: pass a slice to begin elsewhere, such as at midnight.

    Args:
        high: (bars,) or (bars, symbols), numbers.
        low: as `high`.
        close: as `high`.
        volume: as `high`.

    Returns:
        float64 of the same shape; 0 before the first trade; a bar with a non-finite number is left out.
    """
    return VWAP((high, low, close, volume))
