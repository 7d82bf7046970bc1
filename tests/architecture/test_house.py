"""The rules of the house, checked by a machine: layers, doors, sizes, words."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.data import ROOT

PACKAGES = ("engine", "workers", "indicators", "cli", "benchmarks")
LINES_MAX = 400
FUNCTION_LINES_MAX = 70

#: Written in two parts, so that this file does not hold them itself.
UNFINISHED = re.compile("TO" + "DO|FIX" + "ME|X" + "XX|NotImplemented" + "Error")
WORKPLACE = re.compile(r"/wo" + r"rk/|/ro" + r"ot/|/tmp/ba" + r"sh_|issues" + r" show")


def modules() -> list[Path]:
    """All Python files of the product; example traders are texts of users' making."""
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return sorted(path for path in found if path.parent.name != "examples" or path.name == "__init__.py")


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in modules():
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def tracked() -> list[Path]:
    """Text files that belong to the repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name] or modules()
    return [path for path in paths if path.suffix in {".py", ".md", ".cfg", ".toml", ".sql", ".txt", ""} and path.is_file()]


def test_imports_point_down_and_every_driver_has_one_door():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_says_what_it_is_for():
    assert not [name for name, tree in trees() if not ast.get_docstring(tree)]


def test_no_file_and_no_function_is_too_long():
    long_files = [str(path.relative_to(ROOT)) for path in modules() if len(path.read_text().splitlines()) > LINES_MAX]
    long_functions = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX
    ]
    assert not long_files
    assert not long_functions


def test_only_the_command_line_prints():
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        # `python -m indicators` and `python -m workers` are programs, and benchmarks are run by hand.
        if not name.startswith(("cli/", "benchmarks/")) and not name.endswith("__main__.py")
    ]
    assert not found


def test_no_error_is_swallowed_without_a_word():
    """An `except` that does nothing says why; mostly it is `contextlib.suppress`, which names what it expects."""
    found = []
    for name, tree in trees():
        lines = (ROOT / name).read_text().splitlines()
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                said = any("#" in line for line in lines[node.lineno - 1 : node.end_lineno])
                if node.type is None or (all(isinstance(line, ast.Pass) for line in node.body) and not said):
                    found.append(f"{name}:{node.lineno}")
    assert not found


def test_nothing_is_unfinished_and_nothing_tells_of_the_place_it_was_made_at():
    found = []
    for path in tracked():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if UNFINISHED.search(line) or WORKPLACE.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert not found


def test_the_supervisor_and_the_help_load_no_compiler():
    code = "import sys, {}; sys.exit('numba' in sys.modules or 'llvmlite' in sys.modules)"
    for module in ("cli.__main__", "engine.supervisor.engine", "cli.run", "cli.signals", "cli.status"):
        done = subprocess.run([sys.executable, "-c", code.format(module)], cwd=ROOT, timeout=60, check=False)
        assert done.returncode == 0, module


def test_help_loads_no_command():
    """`engine --help` takes a fraction of a second because it imports little."""
    code = "import sys; from cli.__main__ import main; main(['--help']); sys.exit(any(m in sys.modules for m in ({})))"
    heavy = "'numpy', 'aiohttp', 'psycopg', 'zmq', 'rich', 'asyncio', 'cli.run',"
    done = subprocess.run([sys.executable, "-c", code.format(heavy)], cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0


def test_every_error_has_an_exit_code_that_is_documented():
    from engine.base import errors, exitcodes

    known = {value for name, value in vars(exitcodes).items() if name.isupper()}
    branches = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.EngineError)]
    assert len(branches) > 15
    assert all(one.exit_code in known for one in branches)
    tree = errors.__doc__ or ""
    assert not [one.__name__ for one in branches if one.__name__ not in tree]


@pytest.mark.parametrize("name", PACKAGES)
def test_every_folder_with_code_is_a_package(name: str):
    folders = {path.parent for path in (ROOT / name).rglob("*.py")}
    assert not [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()]


def test_the_changelog_keeps_its_form():
    lines = (ROOT / "CHANGELOG.md").read_text().splitlines()
    versions = [line for line in lines if line.startswith("## ")]
    headings = {line.removeprefix("### ") for line in lines if line.startswith("### ")}
    assert versions
    assert all(re.fullmatch(r"## \d+\.\d+\.\d+ — (unreleased|\d{4}-\d\d-\d\d)", line) for line in versions)
    assert headings <= {"Added", "Changed", "Fixed", "Figures"}
