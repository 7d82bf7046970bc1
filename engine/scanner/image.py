"""The file of machine code, and how it becomes a function that Python can call. Needs no compiler.

The function is an ordinary built-in of one argument, made with Python's own interface (`PyCFunction_NewEx`): a call costs
50 ns instead of the 400 ns of ctypes. A few bytes in front of the code put the address of the context where the code expects
it. Memory is writable or executable, never both.
"""

import ctypes
import hashlib
import mmap
import os
import stat
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

MAGIC = b"SCANNER1"
_HEAD = struct.Struct("<8sI32s")
#: endbr64; mov rdi, context; jmp entry
_THUNK = struct.Struct("<4s2sQBi")
_ENDBR64, _MOVE_TO_RDI, _JUMP = b"\xf3\x0f\x1e\xfa", b"\x48\xbf", 0xE9
_CODE_OFFSET = 64
_ONE_ARGUMENT = 0x0008  # METH_O
_SIZE_MAX = 1 << 20

Scan = Callable[[bytes], bool]


class ScannerError(Exception):
    """There is no compiled reader to be had; the text says why."""


class Image(NamedTuple):
    """Machine code that may stand anywhere, and where in it the function begins."""

    code: bytes
    entry: int

    def packed(self) -> bytes:
        """The bytes of a file."""
        body = struct.pack("<I", self.entry) + self.code
        return _HEAD.pack(MAGIC, len(body), hashlib.sha256(body).digest()) + body


class _MethodDefinition(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("method", ctypes.c_void_p), ("flags", ctypes.c_int), ("text", ctypes.c_char_p))


def folders() -> list[Path]:
    """Where the file is looked for: with numba's own cache if that was given a place, and beside the sources."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    return [*([Path(given)] if given else []), Path(__file__).parent / "__pycache__"]


def file_in(folder: Path) -> Path:
    """Where the code made from the sources of today is kept."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return folder / f"scanner-{digest.hexdigest()[:32]}.bin"


def read(path: Path) -> Image:
    """The code in a file; raises ScannerError for one that is damaged or that others may write, OSError when there is none."""
    # A pipe under that name would otherwise keep us waiting for whoever writes into it.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            raise ScannerError(f"{path} is no file")
        if facts.st_uid not in (0, os.geteuid()) or facts.st_mode & 0o022:
            raise ScannerError(f"{path} belongs to somebody else, or others may write it")
        data = file.read(_SIZE_MAX)
    if len(data) < _HEAD.size + 4:
        raise ScannerError(f"{path} is too short")
    magic, size, digest = _HEAD.unpack_from(data)
    body = data[_HEAD.size :]
    if magic != MAGIC or size != len(body) or digest != hashlib.sha256(body).digest():
        raise ScannerError(f"{path} is damaged")
    return Image(body[4:], struct.unpack_from("<I", body)[0])


def write(image: Image, path: Path) -> None:
    """Keep the code in a file, whole or not at all; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name that nobody can know beforehand: no link can wait there, and engines in two containers may have the same pid.
    fd, fresh = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(image.packed())
            os.fchmod(fd, 0o644)
        Path(fresh).replace(path)
    except OSError:
        Path(fresh).unlink()
        raise


def load(image: Image, context: int, keep: object = None) -> Scan:
    """The function, working on the tables at address `context`; `keep` lives as long as the function does.

    Raises ScannerError when the system does not let memory be executed.
    """
    size = _CODE_OFFSET + len(image.code)
    try:
        memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE)
    except OSError as error:
        raise ScannerError(f"no memory for compiled code: {error}") from error
    jump = _CODE_OFFSET + image.entry - _THUNK.size
    memory[: _THUNK.size] = _THUNK.pack(_ENDBR64, _MOVE_TO_RDI, context, _JUMP, jump)
    memory[_CODE_OFFSET:size] = image.code
    anchor = ctypes.c_char.from_buffer(memory)
    address = ctypes.addressof(anchor)
    if ctypes.CDLL(None, use_errno=True).mprotect(
        ctypes.c_void_p(address), ctypes.c_size_t(size), mmap.PROT_READ | mmap.PROT_EXEC
    ):
        raise ScannerError(f"memory may not be executed here: {os.strerror(ctypes.get_errno())}")
    definition = _MethodDefinition(b"scan", address, _ONE_ARGUMENT, None)
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.py_object, ctypes.py_object)
    # The function holds its `self`, and so all that it stands on.
    return make(ctypes.addressof(definition), (definition, anchor, memory, keep), None)  # type: ignore[no-any-return]


def address_of(function: str) -> int:
    """The address of a function of Python's stable interface."""
    return ctypes.cast(getattr(ctypes.pythonapi, function), ctypes.c_void_p).value or 0
