"""As `indicators.volume_prices`."""

from typing import Any

PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "vwap_session": [(1440,), (60,), (7,), (1,)],
    "vwap_rolling": [(20,), (1,), (2,), (75,)],
}
