"""Where machine code of kernels is kept on disk: numba's cache, one entry a kernel, valid as long as its sources are the same.

Numba itself looks at one file only and would go on using old machine code when a helper in another file changes. Files are
replaced atomically and every kernel has one signature, so any number of processes may fill the same directory.

What an image brings along lies in a directory that nobody in it may write to. Numba would not even look into that; here it is
read all the same, and what it lacks goes where numba would put it.
"""

import functools
import hashlib
import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile, UserProvidedCacheLocator
from numba.core.registry import cpu_target

PACKAGE = Path(__file__).parent


class _ReadOnlyLocator(UserProvidedCacheLocator):
    """The directory named by NUMBA_CACHE_DIR, where it is there and may only be read."""

    def ensure_cache_path(self) -> None:
        path = self.get_cache_path()
        if not os.access(path, os.R_OK | os.X_OK):
            raise PermissionError(f"cannot be read: {path}")


class _Places(CompileResultCacheImpl):
    _locator_classes = [*CompileResultCacheImpl._locator_classes, _ReadOnlyLocator]  # noqa: RUF012 - as numba has it


class KernelCache(FunctionCache):
    """The entries of one kernel; raises RuntimeError where there is no place to read from nor to write to."""

    _impl_class = _Places

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        base = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        source = function.__code__.co_filename
        stamp = sources_digest(Path(source).stem)
        self._cache_file = IndexDataCacheFile(cache_path=self._cache_path, filename_base=base, source_stamp=stamp)
        shipped = _ReadOnlyLocator.from_function(function, source)
        path = shipped.get_cache_path() if shipped is not None else self._cache_path
        self._shipped = IndexDataCacheFile(path, base, stamp) if path != self._cache_path else None

    def holds(self, cpu: Any) -> bool:
        """Whether there is machine code for this CPU."""
        files = [self._cache_file, *([self._shipped] if self._shipped is not None else [])]
        return any(key[1] == cpu for one in files for key in one._load_index())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """As numba's; what is not in the own place may have come with the image."""
        found = super().load_overload(sig, target_context)
        if found is not None or self._shipped is None:
            return found
        own, self._cache_file = self._cache_file, self._shipped
        try:
            return super().load_overload(sig, target_context)
        finally:
            self._cache_file = own

    def save_overload(self, sig: Any, data: Any) -> None:
        """As numba's, except that a place nobody may write to is no error."""
        try:
            super().save_overload(sig, data)
        except OSError as reason:
            warnings.warn(
                f"an indicator is compiled without a cache: {reason}: set NUMBA_CACHE_DIR", RuntimeWarning, stacklevel=2
            )

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        # The stamp covers all sources; what the loop around a kernel closes over cannot be hashed.
        return sig, codegen.magic_tuple()


@functools.cache
def sources_digest(module: str) -> str:
    """Digest of a module of kernels, all modules it imports, and how they are compiled: the stamp of its machine code."""
    # Where machine code is kept changes none of it.
    names, waiting = {"storage"}, ["kernels.compiling", f"kernels.{module}"]
    digest = hashlib.sha256()
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            source = PACKAGE.joinpath(*name.split(".")).with_suffix(".py").read_bytes()
            digest.update(source)
            waiting += sorted(re.findall(r"^from indicators\.([\w.]+) import", source.decode(), re.MULTILINE))
    return digest.hexdigest()


@functools.cache
def _cache_of(function: Callable[..., Any]) -> KernelCache:
    # Finding the place takes some ms, as numba tries whether it can write there; looking into it, some us.
    return KernelCache(function)


def is_cached(function: Any) -> bool:
    """Whether machine code of this kernel lies ready, of these sources and for this CPU."""
    try:
        return _cache_of(function.py_func).holds(cpu_target.target_context.codegen().magic_tuple())
    except (RuntimeError, OSError):
        return False
