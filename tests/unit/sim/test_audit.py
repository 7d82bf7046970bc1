"""What clients did, counted; and who may ask for it."""

from unittest.mock import Mock

import pytest
from aiohttp.test_utils import make_mocked_request

from engine.sim.audit import Audit
from engine.sim.clock import SimulatedClock
from engine.sim.steering import Steering
from engine.sim.synthetic import SyntheticMarket
from engine.sim.world import World


def test_attempts_are_counted_in_the_worst_five_minutes() -> None:
    audit = Audit()
    for now_s in (0.0, 1.0, 2.0, 299.0, 301.5, 700.0):
        audit.attempt(now_s)
    told = audit.told(0.0, [])
    assert told["connections"] == {"open": 0, "accepted": 0, "attempts": 6, "attempts_peak_5m": 4}


def test_weight_is_of_the_present_minute_and_the_worst() -> None:
    audit = Audit()
    audit.request(40, 60.0)
    audit.request(5_000, 119.9)
    audit.request(2, 120.0)
    assert audit.told(121.0, [])["weight"] == {"used_1m": 2, "peak_1m": 5_000}
    assert audit.told(180.0, [])["weight"] == {"used_1m": 0, "peak_1m": 5_000}


def test_requests_are_in_a_pause_from_a_moment_after_it_was_asked_for_to_its_end() -> None:
    audit = Audit()
    audit.reply(429, 100.0, retry_after_s=10)
    for now_s in (100.1, 100.4, 100.6, 109.9, 110.1):
        audit.request(1, now_s)
    # Being told again within the pause does not make it shorter or longer.
    audit.reply(418, 105.0, retry_after_s=1)
    assert audit.told(111.0, [])["requests"] == {"total": 5, "in_pause": 2}
    assert audit.told(111.0, [])["replies"] == {"418": 1, "429": 1}


def test_streams_are_those_that_are_open_and_the_most_there_ever_were_on_a_socket() -> None:
    audit = Audit()
    audit.streams_peak = 400
    told = audit.told(0.0, [3, 5])
    assert (told["subscriptions"], told["streams_peak"]) == (8, 400)
    assert audit.told(0.0, [500])["streams_peak"] == 500


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("127.0.0.1", 200),
        ("127.5.5.5", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("::ffff:10.0.0.7", 403),
        ("10.0.0.7", 403),
        ("2001:db8::1", 403),
        ("", 403),
    ],
)
async def test_only_this_machine_steers(address: str, status: int) -> None:
    world = World(SyntheticMarket(1, 1), SimulatedClock(1_790_000_000_000))
    transport = Mock()
    transport.get_extra_info.side_effect = lambda name, default=None: (address, 5) if name == "peername" else default
    request = make_mocked_request("GET", "/sim/faults", transport=transport)
    assert (await Steering(world, list, lambda: None).answer(request)).status == status
