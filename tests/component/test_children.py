"""The simulator that an engine starts beside itself."""

import aiohttp
import pytest

from engine.base.settings import Settings
from engine.supervisor.children import SimulatorProcess


async def test_faults_of_the_environment_reach_the_simulator_and_settings_of_the_engine_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ENGINE_SIM_FAULT", "delay:ms=5 drop:after_s=600")
    monkeypatch.setenv("ENGINE_SIM_FAULT_SEED", "7")
    monkeypatch.setenv("ENGINE_SIM_PORT", "1")
    simulator = SimulatorProcess(Settings(), lambda _line: None)
    address = await simulator.start()
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{address.rest}/sim/faults") as reply:
            told = [fault["kind"] for fault in await reply.json()]
    finally:
        await simulator.stop()
    assert told == ["delay", "drop"]
