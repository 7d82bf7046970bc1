"""The workforce and the word of its workers on their lockdown: refused at any time, or allowed and said again every hour."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.base.errors import SandboxRefused
from engine.base.settings import Settings
from engine.candles.segment import Segment
from engine.dispatch.router import Callbacks
from engine.supervisor.home import Home
from engine.supervisor.sandbox import REMIND_S, UNSANDBOXED
from engine.supervisor.workforce import Workforce
from engine.wire.measures import SECCOMP
from engine.wire.messages import Ready

SAFE = Ready(0, 7, in_force=(SECCOMP,))
UNSAFE = Ready(0, 7, missing=((SECCOMP, "[Errno 1] Operation not permitted"),))


@asynccontextmanager
async def workforce(path: Path, *, allow_unsandboxed: bool) -> AsyncIterator[Workforce]:
    """One that listens, without processes."""
    segment = Segment.create(4, 1, 100)
    settings = Settings(home=str(path), allow_unsandboxed=allow_unsandboxed)
    callbacks = Callbacks(lambda _: None, lambda *_: None, lambda _: None, lambda _: None)
    made = Workforce(settings, Home(path), segment, lambda _: os.open(os.devnull, os.O_WRONLY), callbacks, lambda *_: None)
    try:
        yield made
    finally:
        await made.stop(1.0)
        segment.close()


async def test_a_worker_that_comes_later_without_what_is_required_ends_the_engine_too(tmp_path: Path):
    async with workforce(tmp_path, allow_unsandboxed=False) as found:
        found.dispatcher.lockdowns.ready(0, 1, SAFE)
        found.watch_lockdown(1_000.0)
        found.dispatcher.lockdowns.ready(1, 1, UNSAFE)
        with pytest.raises(SandboxRefused, match="Operation not permitted"):
            found.watch_lockdown(1_001.0)


async def test_what_is_allowed_is_said_at_once_and_every_hour_and_only_while_it_is_so(tmp_path: Path, caplog):
    async with workforce(tmp_path, allow_unsandboxed=True) as found:
        found.dispatcher.lockdowns.ready(0, 1, SAFE)
        found.watch_lockdown(500.0)
        assert caplog.records == []
        found.dispatcher.lockdowns.ready(1, 1, UNSAFE)
        for now_s in (1_000.0, 1_001.0, 1_000.0 + REMIND_S - 1, 1_000.0 + REMIND_S, 1_001.0 + REMIND_S):
            found.watch_lockdown(now_s)
        assert [(one.levelno, UNSANDBOXED in one.getMessage()) for one in caplog.records] == [(logging.CRITICAL, True)] * 2
        found.dispatcher.lockdowns.lost(1)
        found.watch_lockdown(10 * REMIND_S)
        assert len(caplog.records) == 2
