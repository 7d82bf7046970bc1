"""Programs that the supervisor starts beside itself and that must not outlive it: here, the exchange simulator."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping

import msgspec

from engine.base.errors import ExchangeUnreachable
from engine.base.settings import Settings

#: A simulator that does not tell its address within this time is broken, not slow.
START_TIMEOUT_S = 30.0


class SimulatorAddress(msgspec.Struct, frozen=True):
    """First line of `engine sim --json`: where it listens."""

    rest: str
    ws: str
    pid: int


class SimulatorProcess:
    """`engine sim` as a child process, with the settings of this engine."""

    def __init__(self, settings: Settings, on_log: Callable[[str], None]) -> None:
        self._settings = settings
        self._on_log = on_log
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> SimulatorAddress:
        """Start it and wait for its address; raises ExchangeUnreachable with its last words when it does not come up."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(os.environ),
            process_group=0,
        )
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), START_TIMEOUT_S)
            address = msgspec.json.decode(line, type=SimulatorAddress)
        except (TimeoutError, msgspec.DecodeError) as error:
            words = await self._last_words()
            raise ExchangeUnreachable(
                "exchange simulator did not start", words, "run `engine sim` by itself to see why"
            ) from error
        self._reader = asyncio.create_task(self._forward_log(), name="simulator-log")
        return address

    def _command(self) -> list[str]:
        settings = self._settings
        command = [sys.executable, "-m", "cli", "sim", "--json", "--die-with-parent", "--port", "0"]
        command += ["--speed", str(settings.sim_speed), "--seed", str(settings.sim_seed)]
        if settings.sim_data:
            command += ["--data", settings.sim_data]
        if settings.sim_start:
            command += ["--start", settings.sim_start]
        return command

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def _last_words(self) -> str:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        _, stderr = await self._process.communicate()
        lines = stderr.decode(errors="replace").strip().splitlines()
        return lines[-1].removeprefix("error: ") if lines else f"no output, exit code {self._process.returncode}"

    async def _forward_log(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            self._on_log(line.decode(errors="replace").rstrip())

    async def stop(self) -> None:
        """Ask, then kill."""
        if self._process is None:
            return
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), 3)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        if self._reader is not None:
            await self._reader


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """What the simulator gets of our environment: of the engine's settings only the faults, which nobody else can tell it."""
    return {name: value for name, value in ours.items() if not name.startswith("ENGINE_") or name.startswith("ENGINE_SIM_FAULT")}
