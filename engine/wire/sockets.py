"""The only door to ZeroMQ: one ROUTER in the supervisor, one DEALER in each worker, over a unix socket.

A worker's identity names its slot and generation, so that a message of a dead predecessor in the same slot is recognised.
Not here: what the bytes mean (`engine.wire.codec`) and what is decided about them.
"""

import contextlib
import errno
import hashlib
import os
import socket
import stat
import struct
import tempfile
import time
from pathlib import Path
from typing import Final

import zmq

from engine.base.errors import AddressInUse, HomeError, WireError
from engine.wire.codec import MESSAGE_BYTES_MAX

#: Longest path of a unix socket that Linux takes, in bytes without the closing zero.
SOCKET_PATH_BYTES_MAX: Final = 107
#: Largest frame that the supervisor takes from a worker. One beyond a message's bound arrives, so that it can be told to be a
#: lie; one beyond this ends the connection.
FRAME_BYTES_MAX: Final = 2 * MESSAGE_BYTES_MAX
#: Messages that may wait for one worker; far above what the dispatcher ever has outstanding.
HIGH_WATER_MARK: Final = 10_000
#: How long a worker waits for its supervisor to take up the connection.
CONNECT_TIMEOUT_MS: Final = 10_000
#: Pause between two looks whether the messaging's own threads run.
REAPER_PAUSE_S: Final = 0.0001
#: Messages taken from the socket in one go, so that a flooding worker cannot hold the supervisor's loop.
RECEIVE_BATCH: Final = 1_000

#: A leading letter, because ZeroMQ keeps identities that begin with a zero byte for itself; then slot and generation.
_IDENTITY = struct.Struct(">cHI")


def identity_of(slot: int, generation: int) -> bytes:
    """The ZeroMQ identity of the worker in `slot`, `generation` counted from 1."""
    return _IDENTITY.pack(b"w", slot, generation)


def parse_identity(identity: bytes) -> tuple[int, int]:
    """Slot and generation of an identity; raises WireError for one that is not ours."""
    try:
        letter, slot, generation = _IDENTITY.unpack(identity)
    except struct.error as error:
        raise WireError("identity is not one of a worker", identity.hex(), "7 bytes") from error
    if letter != b"w":
        raise WireError("identity is not one of a worker", identity.hex(), "must begin with w")
    return slot, generation


def endpoint_for(home: Path) -> str:
    """Where supervisor and workers of this home meet: `ipc://…`, in a directory only this user may enter.

    `home/run` where the path is short enough for a unix socket, else a private directory in the system's temporary folder
    named after the home. A socket file left behind by a dead engine is removed; raises AddressInUse when somebody listens.
    """
    path = home / "run" / "workers.sock"
    if len(os.fsencode(path)) > SOCKET_PATH_BYTES_MAX:
        name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
        path = Path(tempfile.gettempdir()) / f"engine-{os.getuid()}-{name}" / "workers.sock"
    _private_directory(path.parent)
    _remove_stale(path)
    return f"ipc://{path}"


def _private_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise HomeError("socket directory belongs to somebody else", directory, "remove it or set ENGINE_HOME")
        directory.chmod(0o700)
    except OSError as error:
        raise HomeError("socket directory cannot be made", directory, str(error)) from error


def _remove_stale(path: Path) -> None:
    """A socket file nobody listens on is a leftover; one somebody answers on belongs to a running engine."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except FileNotFoundError:
            return
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise AddressInUse("another engine listens for its workers", path, "stop it or set another ENGINE_HOME")


class Router:
    """The supervisor's end. Never blocks; its `fd` becomes readable when `receive_all` may have something.

    The descriptor is edge-triggered as libzmq makes it: after it fired, and after every send, call `receive_all` until it
    is empty, or the next message may go unnoticed.
    """

    def __init__(self, endpoint: str) -> None:
        self._context = zmq.Context(io_threads=1)
        self._socket: zmq.Socket[bytes] = self._context.socket(zmq.ROUTER)
        self._path = Path(endpoint.removeprefix("ipc://"))
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._socket.setsockopt(zmq.SNDHWM, HIGH_WATER_MARK)
        self._socket.setsockopt(zmq.RCVHWM, HIGH_WATER_MARK)
        self._socket.setsockopt(zmq.MAXMSGSIZE, FRAME_BYTES_MAX)
        #: Messages that had not exactly two frames; dropped.
        self.foreign_frames = 0
        try:
            self._socket.bind(endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise AddressInUse("cannot listen for workers", endpoint, str(error)) from error

    @property
    def fd(self) -> int:
        return int(self._socket.getsockopt(zmq.FD))

    def send(self, identity: bytes, data: bytes) -> bool:
        """Hand over one message; False when that worker is not connected or does not read."""
        try:
            self._socket.send(identity, zmq.NOBLOCK | zmq.SNDMORE)
            self._socket.send(data, zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                return False
            raise WireError("cannot send to a worker", identity.hex(), str(error)) from error
        return True

    def receive_all(self) -> list[tuple[bytes, bytes]]:
        """What has arrived, as (identity, bytes), at most RECEIVE_BATCH messages; an empty list means drained."""
        messages: list[tuple[bytes, bytes]] = []
        # Asking is cheaper than the exception for "nothing there", and drains the descriptor just as well.
        while len(messages) < RECEIVE_BATCH and int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            frames = self._socket.recv_multipart(zmq.NOBLOCK)
            if len(frames) == 2:
                messages.append((frames[0], frames[1]))
            else:
                self.foreign_frames += 1
        return messages

    def close(self) -> None:
        """Let go of the socket and its file; nothing that is still queued is sent."""
        self._socket.close(0)
        self._context.term()
        with contextlib.suppress(OSError):
            self._path.unlink()


class Dealer:
    """A worker's end: connects once and never again, for a supervisor that is gone does not come back."""

    def __init__(self, endpoint: str, identity: bytes) -> None:
        """Connected, greetings exchanged and all threads at work; raises WireError when nobody answers."""
        self._context = zmq.Context(io_threads=1)
        self._socket = self._second_socket()
        self._socket.setsockopt(zmq.IDENTITY, identity)
        self._socket.setsockopt(zmq.RECONNECT_IVL, -1)
        self._socket.setsockopt(zmq.LINGER, 200)
        self._socket.setsockopt(zmq.SNDHWM, HIGH_WATER_MARK)
        self._socket.setsockopt(zmq.RCVHWM, HIGH_WATER_MARK)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MESSAGE_BYTES_MAX)
        # There is nothing to write to, then, before the other side has answered.
        self._socket.setsockopt(zmq.IMMEDIATE, 1)
        self._socket.connect(endpoint)
        if not self._socket.poll(CONNECT_TIMEOUT_MS, zmq.POLLOUT):
            self._socket.close(0)
            self._context.term()
            raise WireError("supervisor does not answer", endpoint, f"waited {CONNECT_TIMEOUT_MS} ms")

    def _second_socket(self) -> "zmq.Socket[bytes]":
        """A socket in the place of another, for which there is room only when the thread that clears away has cleared that one.

        That thread may not have run at all before, and what threads do first is forbidden once the lockdown is complete.
        """
        self._context.set(zmq.MAX_SOCKETS, 1)
        self._context.socket(zmq.DEALER).close(0)
        deadline_s = time.monotonic() + CONNECT_TIMEOUT_MS / 1e3
        while time.monotonic() < deadline_s:
            try:
                return self._context.socket(zmq.DEALER)
            except zmq.ZMQError as error:
                if error.errno != errno.EMFILE:
                    raise
                time.sleep(REAPER_PAUSE_S)
        raise WireError("messaging does not start", f"{CONNECT_TIMEOUT_MS} ms", "the machine is overloaded")

    def send(self, data: bytes) -> None:
        """Send one message; blocks while the supervisor does not read."""
        self._socket.send(data)

    def receive(self, timeout_ms: int) -> bytes | None:
        """The next message, or None when none came within `timeout_ms` (-1: wait for ever)."""
        if not self._socket.poll(timeout_ms, zmq.POLLIN):
            return None
        frames = self._socket.recv_multipart()
        if len(frames) != 1:
            raise WireError("message of the supervisor has too many parts", len(frames), "one is expected")
        return frames[0]

    def close(self) -> None:
        """Close after what was sent has left, for at most 200 ms."""
        self._socket.close()
        self._context.term()
