"""Attacks in real locked workers: first with the policy, then without it. Nothing outside a worker's own answer is reached.

Around the worker stand canaries: a file, listening sockets, another worker, the nursery, the candles, and this process.
"""

import hashlib
import os
import secrets
import select
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.errors import WireError
from engine.wire import codec
from engine.wire.messages import FilterLoaded, FilterRefusal, Item, LoadFilter, Step, Task, TaskDone
from tests import corpus
from tests.component.breakout import PRELUDE, open_cell, users
from tests.component.nursery import Bench
from tests.component.unchecked import MARK

AS_OF_MS = 60_000 * 61
SOFT_MS, HARD_MS = 50, 200
#: What is there before the lockdown, as anything is that Python has loaded.
MODULES = "import gc, io, math, pathlib\nimport numpy as np\n"
NEIGHBOUR = """
def check(ticker, klines, ta):
    bars = klines["1m"]
    return {"close": float(bars.close.sum()), "n": len(bars), "high": float(bars.high[-1]), "sum": sum([1, 2]), "pi": np.pi}
"""


class Yard:
    """A cell with canaries; slot 0 is the attacker's, slot 1 a neighbour's."""

    def __init__(self, cell: Bench, folder: Path) -> None:
        self.cell, self.folder = cell, folder
        self.token = secrets.token_hex(16)
        self.secret = folder / "secret"
        self.secret.write_text(self.token)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(self.listener.getsockname())
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(str(folder / "door"))
        self.door.listen()
        for path in (folder, self.secret, folder / "door"):
            path.chmod(0o777)
        self.generation, self.pid = 1, 0
        self.neighbour = cell.fork(1, 1)
        assert isinstance(cell.ask(LoadFilter(1, "neighbour", NEIGHBOUR), 1, 1), FilterLoaded)
        self.answer = self.ask_neighbour()
        self.candles = hashlib.sha256(cell.segment.memory).digest()
        self.files = sorted(folder.iterdir())

    def ask_neighbour(self) -> object:
        answer = self.cell.ask(task(1, 5_000, 5_000), 1, 1)
        assert isinstance(answer, TaskDone)
        assert answer.results[0].matches
        return answer.results[0].matches

    def prelude(self) -> str:
        """What a source finds that no policy has looked at."""
        port = self.listener.getsockname()[1]
        names = f"PARENT, ENGINE, NEIGHBOUR = {self.cell.process.pid}, {os.getpid()}, {self.neighbour}\n"
        return (
            f"{MARK}{PRELUDE}{MODULES}{names}SECRET, DOOR, PORT = {str(self.secret)!r}, {str(self.folder / 'door')!r}, {port}\n"
        )

    def tries(self, source: str) -> str | int:
        """Run it in the attacker's worker: what it said, or how the process ended."""
        if not self.pid:
            self.generation += 1
            self.pid = self.cell.fork(0, self.generation)
        loaded = self.cell.ask(LoadFilter(1, "attacker", source), 0, self.generation)
        if isinstance(loaded, FilterRefusal):
            return f"refused: {loaded.message}"
        self.cell.send(task(1, SOFT_MS, HARD_MS), 0, self.generation)
        while True:
            told, _, _ = select.select([self.cell.control, self.cell.router.fd], [], [], 0.05)
            if self.cell.control in told:
                self.pid = 0
                self.cell.router.receive_all()
                return int(str(self.cell.packet("exited")["status"]))
            found = self.cell.router.receive_all()
            self.cell.story()
            if found:
                return self.heard(found[0][1])

    def heard(self, data: bytes) -> str:
        """As the engine would take it: what is no answer to the question ends the worker."""
        try:
            done = codec.decode_from_worker(data)
            assert isinstance(done, TaskDone)
        except (WireError, AssertionError):
            os.kill(self.pid, signal.SIGKILL)
            self.cell.packet("exited")
            self.pid = 0
            return "lied"
        return repr(done.results)

    def unharmed(self, said: str | int) -> bool:
        """Whether everything outside the attacker's answer is as it was; what it said holds nothing that it may not know."""
        assert self.token not in str(said)
        assert "root:x:0" not in str(said)
        assert "PYTEST_CURRENT_TEST" not in str(said)
        assert self.secret.read_text() == self.token
        assert sorted(self.folder.iterdir()) == self.files
        assert select.select([self.listener, self.datagrams, self.door], [], [], 0)[0] == []
        assert self.ask_neighbour() == self.answer
        assert hashlib.sha256(self.cell.segment.memory).digest() == self.candles
        assert self.cell.process.poll() is None
        assert tuple(self.cell.slots.read(1)) == (0, 0, 0)
        return True

    def end(self) -> None:
        for one in (self.listener, self.datagrams, self.door):
            one.close()


def task(number: int, soft_ms: int, hard_ms: int) -> Task:
    return Task(number, (Step(AS_OF_MS, False, (Item((1,), (0,)),)),), soft_ms, hard_ms)


def on_minutes(source: str) -> str:
    """The bars there are."""
    return source.replace("'5m'", "'1m'").replace("'1h'", "'1m'")


def named(attacks: list[corpus.Attack]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("attack", attacks, ids=[f"{attack.kind}-{n}" for n, attack in enumerate(attacks)])


@pytest.fixture(scope="module", params=users())
def yard(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    with open_cell(request.param) as cell:
        made = Yard(cell, tmp_path_factory.mktemp("yard"))
        try:
            yield made
        finally:
            made.end()


@named(corpus.listed("DEADLY"))
def test_what_the_policy_lets_pass_and_only_the_kernel_stops(yard, attack):
    said = yard.tries(on_minutes(attack.source))
    # A fault of its own, or the end of its worker: by the hard limit, a crash, or for want of memory
    if isinstance(said, int):
        assert said in (-signal.SIGKILL, -signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT)
    else:
        assert "refused" not in said
    assert yard.unharmed(said)


@named(corpus.listed("ESCAPES"))
def test_what_has_broken_out_reaches_nothing(yard, attack):
    said = yard.tries(yard.prelude() + on_minutes(attack.source))
    assert yard.unharmed(said)


@pytest.mark.parametrize("kind", sorted({attack.kind for attack in corpus.listed("REFUSED") + corpus.listed("RUNS")}))
def test_without_the_policy_a_class_of_attacks_reaches_nothing(yard, kind):
    attacks = [attack for table in ("REFUSED", "RUNS") for attack in corpus.listed(table) if attack.kind == kind]
    for attack in attacks:
        said = yard.tries(yard.prelude() + on_minutes(attack.source))
        assert yard.unharmed(said), attack.source


def test_the_canaries_sing(yard):
    # Given the same yard
    # When somebody who may does what the attacks try, each is noticed
    socket.create_connection(yard.listener.getsockname()).close()
    with pytest.raises(AssertionError):
        yard.unharmed("")
    yard.listener.accept()[0].close()
    yard.secret.write_text("gone")
    with pytest.raises(AssertionError):
        yard.unharmed("")
    yard.secret.write_text(yard.token)
    with pytest.raises(AssertionError):
        yard.unharmed(yard.token)
    assert yard.unharmed("")
