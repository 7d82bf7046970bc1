"""`engine sim` as a program: what it prints, how it ends, what it refuses."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import msgspec
import pytest
from click.testing import CliRunner

from cli.sim import sim
from engine.sim.run import Ready
from tests.component.sim_process import PROGRAM, environment, simulator
from tests.data import ROOT, SPOT_5M


@contextlib.contextmanager
def started(*arguments: str, **options: object) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def get(url: str) -> object:
    with urllib.request.urlopen(url, timeout=10) as reply:
        return msgspec.json.decode(reply.read())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_its_url_runs_and_ends_when_told(number: signal.Signals) -> None:
    with started("--symbols", "3") as process:
        url = first_line(process)
        assert get(f"{url}/api/v3/ping") == {}
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, "")
    assert "simulated exchange of 3 symbols" in err
    assert "Traceback" not in err


def test_json_tells_where_it_listens_and_who_it_is() -> None:
    with started("--json", "--symbols", "1") as process:
        ready = msgspec.json.decode(first_line(process), type=Ready)
        assert ready.pid == process.pid
        assert ready.ws == ready.rest.replace("http", "ws")


def test_a_descriptor_is_told_too_and_closed() -> None:
    reader, writer = os.pipe()
    with started("--symbols", "1", "--ready-fd", str(writer), pass_fds=(writer,)) as process:
        os.close(writer)
        with os.fdopen(reader) as told:
            ready = msgspec.json.decode(told.read(), type=Ready)
        assert ready.rest == first_line(process)


def test_it_ends_with_open_connections() -> None:
    with started("--json", "--symbols", "1") as process:
        ready = msgspec.json.decode(first_line(process), type=Ready)
        host, port = ready.rest.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            handshake = "GET /ws/btcusdt@kline_1m HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            client.sendall(f"{handshake}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n\r\n".encode())
            assert b"101" in client.recv(1_024)
            process.terminate()
            process.communicate(timeout=5)
        assert process.returncode == 0


def test_a_port_in_use_is_one_line_and_exit_code_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, started("--port", str(taken.getsockname()[1])) as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert err == f"error: address of the simulator is in use: 127.0.0.1:{taken_port(err)}: choose another --port, 0 for any\n"


def taken_port(message: str) -> str:
    return message.split(":")[3]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--data", "/nowhere.parquet"], 3, "error: recorded candles cannot be read: /nowhere.parquet"),
        (["--start", "soon"], 3, "error: start is not an instant: 'soon'"),
        (["--speed", "0"], 2, "Invalid value for '--speed'"),
        (["--symbols", "0"], 2, "Invalid value for '--symbols'"),
        (["--fault", "drop:after_s"], 3, "error: fault cannot be read: 'drop:after_s': write it as kind:name=value"),
        (["--fault", "plague"], 3, "error: kind of fault is not known: 'plague': use one of drop, blackhole"),
        (["--ready-fd", "77"], 3, "error: ready-fd cannot be written: 77"),
    ],
)
def test_what_it_refuses(arguments: list[str], code: int, message: str) -> None:
    result = CliRunner(env={name: None for name in os.environ if name.startswith("ENGINE_")}).invoke(sim, arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert result.stderr.count("error: ") <= 1


def test_it_ends_when_its_parent_does() -> None:
    # Given a parent that starts a simulator, tells where it is, and waits
    parent = (
        "import subprocess, sys; "
        f"child = subprocess.Popen([*{PROGRAM!r}, '--json', '--symbols', '1', '--die-with-parent'], stdout=subprocess.PIPE); "
        "print(child.stdout.readline().decode().strip(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        ready = msgspec.json.decode(process.stdout.readline(), type=Ready)
        # When the parent is killed
        handle = os.pidfd_open(ready.pid)
        process.kill()
        # Then the simulator ends
        try:
            signal.pidfd_send_signal(handle, 0)
            deadline_s = time.monotonic() + 10
            while _runs(ready.pid) and time.monotonic() < deadline_s:
                time.sleep(0.01)
            assert not _runs(ready.pid)
        finally:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            os.close(handle)


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
            return stat.read().rsplit(") ", 1)[1][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_speed_seed_data_and_start_are_read_from_the_environment() -> None:
    env = environment() | {"ENGINE_SIM_DATA": str(SPOT_5M), "ENGINE_SIM_START": "2024-02-01T00:00:00Z", "ENGINE_SIM_SPEED": "60"}
    with subprocess.Popen([*PROGRAM], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = first_line(process)
        assert get(f"{url}/api/v3/time") == {"serverTime": 1_706_745_600_000}
        process.terminate()
        _, err = process.communicate(timeout=10)
    assert "60 times as fast" in err
    assert "time waits at 2024-02-01T00:00:00.000Z for the first kline stream" in err


def test_faults_are_read_from_flags_and_from_the_environment() -> None:
    for arguments, told in (
        (["--fault", "http:status=503,path=time", "--fault", "drop:after_s=60,count=1"], {}),
        ([], {"ENGINE_SIM_FAULT": "http:status=503,path=time drop:after_s=60,count=1"}),
    ):
        with subprocess.Popen(
            [*PROGRAM, "--symbols", "1", *arguments],
            cwd=ROOT,
            env=environment() | told,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            url = first_line(process)
            with pytest.raises(urllib.error.HTTPError, match="503"):
                get(f"{url}/api/v3/time")
            faults = get(f"{url}/sim/faults")
            process.terminate()
            _, err = process.communicate(timeout=10)
        assert [(fault["kind"], fault["struck"], fault["active"]) for fault in faults] == [("http", 1, True), ("drop", 0, False)]  # type: ignore[attr-defined]
        assert "goes wrong: drop:after_s=60,count=1" in err


def test_the_same_seed_is_the_same_market_in_another_process() -> None:
    answers = []
    for seed in ("7", "7", "8"):
        with simulator("--seed", seed, "--symbols", "5", "--start", "2026-03-04T05:06:07Z", "--hold") as ready:
            answers.append(get(f"{ready.rest}/api/v3/klines?symbol=SOLUSDT&interval=1h&limit=50"))
    assert answers[0] == answers[1] != answers[2]


def test_help_has_an_example() -> None:
    result = CliRunner().invoke(sim, ["--help"])
    assert result.exit_code == 0
    assert "engine sim --data spot-5m.parquet --speed 3000" in result.output
    assert "engine sim --fault drop:after_s=30,count=1" in result.output
