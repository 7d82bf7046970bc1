"""Where the machine code of the compiled reader comes from: a file made earlier, or a child process that makes it now.

The child compiles for about 3 s with 150 MB of compiler, at low priority; this process never loads a compiler, and goes on
without machine code meanwhile. Decides nothing about frames.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine import scanner
from engine.scanner import image
from engine.scanner.image import Image, ScannerError

log = logging.getLogger(__name__)

#: Longest time the child may take.
BUILD_S = 120.0
_ENVIRONMENT = ("PATH", "HOME", "LANG", "NUMBA_CACHE_DIR", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")


async def obtain(folder: Path) -> Image:
    """The code, from one of `image.folders()` or `folder`, where it is put if it was in none; raises ScannerError."""
    places = [*image.folders(), folder]
    found = _kept(places)
    if found is None:
        found = image.read(Path(await _build(places)))
    return found


def _kept(folders: Sequence[Path]) -> Image | None:
    for folder in folders:
        try:
            return image.read(image.file_in(folder))
        except FileNotFoundError:
            continue
        except (ScannerError, OSError) as error:
            log.warning("compiled reader: a file is not used: %s", error)
    return None


async def _build(folders: Sequence[Path]) -> str:
    """Let a child write the file into the first folder that takes it; says where."""
    try:
        child = await asyncio.create_subprocess_exec(
            # -P: what lies in the folder where we happen to be started is not ours to run.
            *(sys.executable, "-P", "-m", "engine.scanner", *map(str, folders)),
            env=_environment(os.environ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise ScannerError(f"no process can be started: {error}") from error
    try:
        async with asyncio.timeout(BUILD_S):
            out, text = await child.communicate()
    except TimeoutError as error:
        raise ScannerError(f"compiling took longer than {BUILD_S:g} s") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        raise ScannerError(text.decode(errors="replace").strip()[-300:] or f"compiling ended with {child.returncode}")
    return out.decode().strip()


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """No secrets, and the scanner found where this process found it."""
    kept = {name: environ[name] for name in _ENVIRONMENT if name in environ}
    kept["PYTHONPATH"] = str(Path(scanner.__file__).parent.parent.parent)
    return kept
