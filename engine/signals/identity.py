"""The id of a signal, derived from what it is: found twice, sent twice, it is the same signal. Pure."""

import uuid

#: A namespace of our own; changing it would give every signal a new identity.
NAMESPACE = uuid.UUID("6b1d1c1e-52a0-5c0e-9a3b-0f6d2a7f4e11")


def signal_id(trader_id: str, version: int, symbol: str, interval: str, bar_open_ms: int) -> str:
    """Version 5 UUID (RFC 9562) of the five parts that make a signal what it is; `trader_id` in any spelling of a UUID."""
    return str(uuid.uuid5(NAMESPACE, f"{uuid.UUID(trader_id)}/{version}/{symbol}/{interval}/{bar_open_ms}"))
