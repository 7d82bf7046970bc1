"""exchangeInfo: what is listed, by which rules it trades, and what one address may ask.

The rules are those of ordinary symbols of the exchange; the simulator takes no orders, but clients read them before they
do anything else.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from engine.sim.limits import Limits
from engine.sim.market import Listing

ORDER_TYPES: Final = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"]
SELF_TRADE_PREVENTION_MODES: Final = ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"]
PERMISSIONS: Final = ("SPOT", "MARGIN")
ORDERS_PER_10_SECONDS: Final = 100
ORDERS_PER_DAY: Final = 200_000


def document(symbols: Iterable[dict[str, Any]], limits: Limits, server_time: int) -> bytes:
    """The whole reply."""
    rate_limits = [
        _rate_limit("REQUEST_WEIGHT", "MINUTE", 1, limits.weight_per_minute),
        _rate_limit("ORDERS", "SECOND", 10, ORDERS_PER_10_SECONDS),
        _rate_limit("ORDERS", "DAY", 1, ORDERS_PER_DAY),
        _rate_limit("RAW_REQUESTS", "MINUTE", 5, limits.requests_per_5_minutes),
    ]
    head = {"timezone": "UTC", "serverTime": server_time, "rateLimits": rate_limits, "exchangeFilters": []}
    return msgspec.json.encode({**head, "symbols": list(symbols)})


def _rate_limit(kind: str, interval: str, count: int, limit: int) -> dict[str, Any]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": limit}


def symbol_entry(listing: Listing, status: str, *, permission_sets: bool = True) -> dict[str, Any]:
    """One symbol of exchangeInfo."""
    entry: dict[str, Any] = {
        "symbol": listing.symbol,
        "status": status,
        "baseAsset": listing.base_asset,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote_asset,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ORDER_TYPES,
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": True,
        "filters": _filters(listing),
        "permissions": [],
    }
    if permission_sets:
        entry["permissionSets"] = [list(PERMISSIONS)]
    entry["defaultSelfTradePreventionMode"] = "EXPIRE_MAKER"
    entry["allowedSelfTradePreventionModes"] = SELF_TRADE_PREVENTION_MODES
    return entry


def _filters(listing: Listing) -> list[dict[str, Any]]:
    tick, step = _unit(listing.price_decimals), _unit(listing.quantity_decimals)
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000", "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "9000000000.00000000", "stepSize": step},
        {"filterType": "ICEBERG_PARTS", "limit": 100},
        # The exchange itself writes zeros here: no step of its own.
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": "900000.00000000", "stepSize": "0.00000000"},
        {"filterType": "TRAILING_DELTA", "minTrailingAboveDelta": 10, "maxTrailingAboveDelta": 2000}
        | {"minTrailingBelowDelta": 10, "maxTrailingBelowDelta": 2000},
        {"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "5", "bidMultiplierDown": "0.2"}
        | {"askMultiplierUp": "5", "askMultiplierDown": "0.2", "avgPriceMins": 5},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True}
        | {"maxNotional": "9000000.00000000", "applyMaxToMarket": False, "avgPriceMins": 5},
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": 10},
    ]


def _unit(decimals: int) -> str:
    return f"{10.0**-decimals:.8f}"
