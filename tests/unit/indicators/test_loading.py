"""What is loaded when: nothing on import, all by warm, nothing any more after freeze; one cache for many processes."""

import getpass
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import indicators
from indicators import __main__ as command
from indicators import building, storage
from indicators.kernel import Kernel
from tests.data import ROOT


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def check(code: str, **environment: str) -> str:
    done = run(code, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_loads_neither_numba_nor_a_kernel():
    assert check("import sys, indicators; print('numba' in sys.modules, len(indicators.catalog.ENTRIES) > 15)") == "False True"


def test_the_catalog_answers_without_numba():
    code = "import sys, indicators; print(indicators.catalog.ENTRIES['adx'].lookback(), 'numba' in sys.modules)"
    assert check(code) == "27 False"


def test_a_call_loads_its_own_kernel_only():
    code = """
import indicators
indicators.sma([1.0, 2.0, 3.0], 2)
print([k.function for k in indicators.catalog.kernels() if k.loaded])
"""
    assert check(code) == "['sma_nb']"


def test_warm_loads_everything_and_tells_how_far_it_is():
    seen: list[tuple[int, int, str]] = []
    indicators.warm(["sma", "rsi"], progress=lambda *step: seen.append(step))
    assert [(done, total) for done, total, _ in seen] == [(n, 6) for n in range(1, 7)]
    assert [name for *_, name in seen][-2:] == ["sma_nb", "rsi_nb"]
    assert all(kernel.loaded for kernel in indicators.catalog.kernels(["sma", "rsi"]))


def test_after_freeze_a_wrong_type_is_a_type_error_and_nothing_new_is_compiled(tmp_path):
    code = """
import numpy as np, indicators
indicators.warm(["rsi"])
indicators.freeze()
print(indicators.rsi(np.arange(5), 2)[-1], indicators.rsi(np.ones((5, 2), np.float32), 2)[-1, -1])
for wrong in (lambda: indicators.rsi("x", 2), lambda: indicators.catalog.ENTRIES["rsi"].kernel.compiled(np.ones(3), 1, 2)):
    try:
        wrong()
    except TypeError as error:
        print(type(error) is TypeError)
try:
    indicators.sma([1.0], 1)
except indicators.IndicatorError as error:
    print(error)
"""
    assert check(code, NUMBA_CACHE_DIR=str(tmp_path)).splitlines() == [
        "100.0 0.0",
        "True",
        "True",
        "sma_nb was not compiled before freeze(): call build() or warm() first",
    ]


def test_several_processes_may_fill_one_cache_at_once(tmp_path):
    # Given an empty cache and three processes that need the same kernel
    code = "import indicators; indicators.warm(['obv']); print(indicators.obv([1.0, 2.0], [5.0, 6.0]).tolist())"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    children = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    # Then each has the right answer, and a fourth one finds everything there
    assert [child.communicate(timeout=100)[0].strip() for child in children] == ["[5.0, 11.0]"] * 3
    code = "import indicators; print(indicators.build(['obv']))"
    assert check(code, NUMBA_CACHE_DIR=str(tmp_path)) == "[]"


def test_what_shares_helpers_is_compiled_by_one_child_and_the_longest_first():
    parts = building.groups(indicators.catalog.ENTRIES)
    assert sorted(name for group in parts for name in group) == sorted(indicators.catalog.ENTRIES)
    # The first needs the averages of all kinds; the numbers of all fit into a byte
    assert {"ma", "macdext", "stoch"} <= set(parts[0])
    assert [len(group) for group in parts[1:]] == sorted(map(len, parts[1:]), reverse=True)
    assert len(parts) <= 256


def test_the_cache_is_bound_to_the_sources_of_a_kernel_and_of_what_it_is_made_of():
    digest = storage.sources_digest("overlap")
    assert len(digest) == 64
    assert len({digest, storage.sources_digest("bands"), storage.sources_digest("volume")}) == 3
    kernel = indicators.catalog.ENTRIES["sma"].kernel
    kernel.load()
    assert kernel.compiled._cache._cache_file._source_stamp == digest


def test_without_a_place_for_a_cache_it_warns_and_works(tmp_path):
    # Given a cache directory that is a file, and no other place allowed
    blocked = tmp_path / "file"
    blocked.write_text("")
    code = "import indicators; print(indicators.obv([1.0, 2.0], [5.0, 6.0]))"
    environment = {"NUMBA_CACHE_DIR": str(blocked / "sub"), "NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator"}
    done = run(f"import warnings; warnings.simplefilter('always'); {code}", **environment)
    assert done.returncode == 0, done.stderr
    assert "compiled without a cache" in done.stderr
    assert done.stdout.strip() == "[ 5. 11.]"


def test_what_came_with_an_image_is_read_where_nobody_may_write(tmp_path):
    # Given a cache that was filled by its owner, as in an image
    shipped, home = tmp_path / "shipped", tmp_path / "home"
    home.mkdir()
    for folder in (*tmp_path.parents, tmp_path, home):
        if folder.is_relative_to(tempfile.gettempdir()) and folder.owner() == getpass.getuser():
            folder.chmod(0o755)
    assert check("import indicators; indicators.warm(['sma', 'rsi'])", NUMBA_CACHE_DIR=str(shipped)) == ""
    before = sorted(path.name for path in shipped.rglob("*"))
    # When somebody else, who has no place of his own, needs one of these kernels and one that is not there
    for folder in (shipped, *filter(Path.is_dir, shipped.rglob("*"))):
        folder.chmod(0o555)
    code = """
import os, warnings, indicators
from indicators import catalog
indicators.rsi([1.0] * 20, 2)
if os.geteuid() == 0:
    os.setuid(65534)
print([catalog.BY_NAME[name].kernel.is_cached() for name in ("sma", "mom")])
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    indicators.sma([1.0, 2.0, 3.0], 2)
    print(len(said), sum(catalog.BY_NAME["sma"].kernel.compiled.stats.cache_hits.values()))
    indicators.mom([1.0, 2.0, 3.0], 2)
    print(len(said) > 0)
"""
    found = check(code, NUMBA_CACHE_DIR=str(shipped), HOME="/nonexistent", NUMBA_CACHE_LOCATOR_CLASSES="")
    # Then the one is taken from there, the other is compiled with a warning, and nothing was changed
    assert found.splitlines() == ["[True, False]", "0 1", "True"]
    assert sorted(path.name for path in shipped.rglob("*")) == before


def test_the_program_refuses_an_unknown_name():
    done = subprocess.run(
        [sys.executable, "-m", "indicators", "nosuch"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: indicator was nosuch")


def test_the_command_says_so_when_there_is_no_place_for_what_it_compiled(monkeypatch, capsys):
    monkeypatch.setattr(indicators, "build", lambda **_: ["obv"])
    monkeypatch.setattr(Kernel, "is_cached", lambda _: False)
    assert command.main([]) == 1
    assert "no place to keep machine code: set NUMBA_CACHE_DIR" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted((ROOT / "indicators").rglob("*.py")), ids=lambda path: path.name)
def test_only_kernels_import_numba(path: Path):
    if path.parent.name != "kernels":
        assert "import numba" not in path.read_text()
