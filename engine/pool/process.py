"""The nursery as a child process: an environment without secrets, its control channel, its death.

Control channel: a SOCK_SEQPACKET socketpair, one JSON object a packet. To the nursery: `{"fork": slot, "generation": g}` with
the write end of the worker's log pipe by SCM_RIGHTS, `{"stop": true}`. From it: `{"warming": [done, total, name]}`,
`{"warm": true}`, `{"forked": slot, "generation": g, "pid": p}`, `{"exited": pid, "status": n}` (n negative: a signal).
Not here: which workers there should be.
"""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

import engine
from engine.base.errors import WorkerBootFailed
from engine.pool.liveness import Watch

#: Largest packet of the control channel, in bytes.
PACKET_BYTES_MAX = 65_536
#: A nursery that has closed its channel is given so long to end by itself.
CLOSING_S = 1.0
#: Variables a nursery may see: where programs, libraries and machine code lie, and how text is written. Anything else may be
#: a secret, and stays in the memory of all workers even if they delete it.
ENVIRONMENT_NAMES = frozenset(
    {
        *("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ"),
        *("PYTHONHOME", "PYTHONPATH", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"),
        *("NUMBA_CACHE_DIR", "NUMBA_CACHE_LOCATOR_CLASSES", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"),
    }
)


class Said(msgspec.Struct, frozen=True):
    """One packet of the nursery; the fields that are set tell which kind it is."""

    warming: tuple[int, int, str] | None = None
    warm: bool = False
    #: With `warm`: all indicators there are.
    names: tuple[str, ...] = ()
    forked: int | None = None
    generation: int = 0
    pid: int = 0
    exited: int | None = None
    status: int = 0
    prepared: tuple[str, ...] | None = None
    #: With `prepared`: some of it was not loaded before.
    fresh: bool = True
    problem: str = ""


@dataclass(frozen=True, slots=True)
class NurseryOptions:
    """What a nursery is started with; nothing here is secret, for it stands in the process list."""

    endpoint: str
    candles_fd: int
    slots_fd: int
    history_bars: int
    program: tuple[str, ...] = (sys.executable, "-P", "-m", "workers")
    indicator_memory_mb: int = 256

    def command(self, control_fd: int) -> list[str]:
        """The argument list."""
        arguments = ["--control-fd", str(control_fd), "--candles-fd", str(self.candles_fd), "--slots-fd", str(self.slots_fd)]
        arguments += ["--endpoint", self.endpoint, "--history-bars", str(self.history_bars)]
        return [*self.program, *arguments, "--indicator-memory-mb", str(self.indicator_memory_mb)]


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What of our environment a nursery sees: where programs are and how text is written, one thread for each library."""
    kept = {name: value for name, value in environ.items() if name in ENVIRONMENT_NAMES}
    source = str(Path(engine.__file__).parent.parent)
    kept["PYTHONPATH"] = os.pathsep.join(part for part in (source, kept.get("PYTHONPATH", "")) if part)
    # One order of sets in all processes; the nursery would otherwise have to start itself a second time for it.
    kept["PYTHONHASHSEED"] = "0"
    kept.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", NUMBA_NUM_THREADS="1")
    return kept


class Nursery:
    """One run of the nursery. `on_said` gets its packets, `on_death` is called once when it has ended."""

    def __init__(
        self, options: NurseryOptions, log_fd: int, on_said: Callable[[Said], None], on_death: Callable[[], None]
    ) -> None:
        """Start it; closes `log_fd`. Raises WorkerBootFailed when the program cannot be run."""
        self._on_said = on_said
        self._on_death = on_death
        self._loop = asyncio.get_running_loop()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        try:
            self._process = subprocess.Popen(
                options.command(theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=log_fd,
                stderr=log_fd,
                env=clean_environment(os.environ),
                pass_fds=(theirs.fileno(), options.candles_fd, options.slots_fd),
                # A terminal's Ctrl-C is for the supervisor, which stops its children in order.
                process_group=0,
            )
        except OSError as error:
            self._control.close()
            raise WorkerBootFailed("nursery cannot be started", options.program[0], str(error)) from error
        finally:
            theirs.close()
            os.close(log_fd)
        self._watch = Watch(self._process.pid, self._died)
        self._loop.add_reader(self._control, self._readable)

    @property
    def pid(self) -> int:
        return self._process.pid

    def fork(self, slot: int, generation: int, log_fd: int) -> bool:
        """Ask for a worker whose log goes to `log_fd` (which stays the caller's); False when it cannot be asked now."""
        packet = msgspec.json.encode({"fork": slot, "generation": generation})
        try:
            socket.send_fds(self._control, [packet], [log_fd])
        except OSError:
            return False
        return True

    def need(self, names: Sequence[str]) -> None:
        """Tell it of indicators that filters will use; `prepared` follows. Its death is the answer where it cannot be told."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._control.send(msgspec.json.encode({"need": names}))

    def ask_to_stop(self) -> None:
        """Ask it to leave, workers with it; `on_death` follows."""
        with contextlib.suppress(OSError):
            self._control.send(msgspec.json.encode({"stop": True}))

    def kill(self) -> None:
        """End it at once."""
        self._watch.kill()

    def _readable(self) -> None:
        """Everything that has arrived."""
        while self._control.fileno() >= 0:
            try:
                packet = self._control.recv(PACKET_BYTES_MAX)
                said = msgspec.json.decode(packet, type=Said) if packet else None
            except BlockingIOError:
                return
            except (OSError, msgspec.DecodeError):
                said = None
            if said is None:
                # It closed the channel or talks nonsense: no use without it. Its death is the one event that counts, and is
                # most likely on its way already, with an exit code that tells more than a kill of ours.
                self._loop.remove_reader(self._control)
                self._loop.call_later(CLOSING_S, self.kill)
                return
            self._on_said(said)

    def _died(self) -> None:
        # Its last words first, so that the ends of workers it had seen are known.
        self._readable()
        self._loop.remove_reader(self._control)
        self._control.close()
        self._process.wait()
        self._on_death()

    @property
    def returncode(self) -> int | None:
        """Exit code or negative signal, once it is dead."""
        return self._process.returncode
