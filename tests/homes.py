"""Directories for engines under test: short, because of unix sockets, and open to the user that Postgres runs as."""

import os
import tempfile
from pathlib import Path

import pytest


def short_home() -> Path:
    """A new directory that every user may walk through; who asks for it removes it.

    pytest's own temporary directories are closed to other users, so an embedded server would move out of them.
    """
    home = Path(tempfile.mkdtemp(prefix="engine-test-", dir="/tmp"))
    home.chmod(0o755)
    return home


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="changes users, which only root may")
