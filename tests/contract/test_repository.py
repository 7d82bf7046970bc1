"""What stands beside the code: the image, the Makefile, the reference page, what a package carries."""

import configparser
import re
import subprocess
from pathlib import Path

import pytest

from cli import reference
from engine.base import settings
from tests.data import ROOT


def dockerfile() -> list[tuple[str, str]]:
    """Instructions of the Dockerfile, continuation lines joined."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split()[0].upper(), line.split(maxsplit=1)[1]) for line in lines]


def of_last_stage() -> list[tuple[str, str]]:
    found = dockerfile()
    return found[max(place for place, (word, _) in enumerate(found) if word == "FROM") :]


def test_the_image_is_made_in_stages_on_a_slim_base_and_compiles_kernels_at_build():
    stages = [text for word, text in dockerfile() if word == "FROM"]
    assert len(stages) == 2
    assert all(stage.startswith("python:3.11-slim") for stage in stages)
    build = [text for word, text in dockerfile() if word == "RUN"]
    assert any("-m indicators" in text and "constraints.txt" in text for text in build)


def test_the_image_runs_as_an_ordinary_user_stops_on_sigterm_and_tells_its_health():
    words = dict(of_last_stage())
    assert words["USER"] not in ("root", "0")
    assert words["STOPSIGNAL"] == "SIGTERM"
    assert "/health" in words["HEALTHCHECK"]
    assert "ENGINE_EXCHANGE=binance" in " ".join(text for word, text in of_last_stage() if word == "ENV")


def test_the_health_check_fails_on_a_503_and_when_nobody_answers(tmp_path: Path):
    import http.server
    import json
    import threading

    command = json.loads(dict(of_last_stage())["HEALTHCHECK"].split("CMD", 1)[1])

    class Answer(http.server.BaseHTTPRequestHandler):
        status = 200

        def do_GET(self) -> None:
            self.send_response(self.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [part.replace("127.0.0.1:8080", f"127.0.0.1:{port}") for part in command]
        for status, healthy in ((200, True), (503, False)):
            Answer.status = status
            done = subprocess.run(command, capture_output=True, timeout=30, check=False)
            assert (done.returncode == 0) is healthy
        server.shutdown()
    assert subprocess.run(command, capture_output=True, timeout=30, check=False).returncode != 0


def test_the_image_holds_no_secret():
    given = " ".join(text for word, text in dockerfile() if word in ("ENV", "ARG"))
    names = {f"ENGINE_{name.upper()}" for name in settings.SECRETS} | {"DATABASE_URL", "PASSWORD", "TOKEN", "SECRET"}
    assert not [name for name in names if name in given]
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert ignored[0] == "*"
    copied = {part for word, text in dockerfile() if word == "COPY" and "--from" not in text for part in text.split()[:-1]}
    assert {f"!{part}" for part in copied} <= set(ignored)


def test_plain_make_lists_the_targets():
    done = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    for target in ("venv", "demo", "test", "lint", "types", "bench", "simulate", "docs", "clean", "image"):
        assert re.search(rf"make {target}\b", done.stdout), target


def test_continuous_integration_does_what_the_readme_says():
    assert "make test" in (ROOT / "README.md").read_text()
    assert "exec make test" in (ROOT / ".ci" / "run").read_text()


def test_the_reference_of_settings_is_that_of_the_code():
    """`make docs` writes it anew."""
    assert (ROOT / "docs" / "settings.md").read_text() == reference.page()


def test_a_package_carries_everything_that_is_not_code():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    carried = {
        path
        for package, patterns in config["options.package_data"].items()
        for pattern in patterns.split()
        for path in ROOT.joinpath(*package.split(".")).glob(pattern)
    }
    packages = ("engine", "workers", "indicators", "cli", "benchmarks")
    data = [
        path
        for package in packages
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc", ".md"} and "__pycache__" not in path.parts
    ]
    assert data
    assert set(data) <= carried


@pytest.mark.parametrize("page", ["README.md", "docs/filters.md", "docs/operations.md", "engine/ARCHITECTURE.md"])
def test_links_between_pages_lead_somewhere(page: str):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert ((ROOT / page).parent / target).exists(), target


def test_every_version_that_is_pinned_lies_in_its_range():
    from importlib.metadata import version

    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    needed = [re.match(r"[A-Za-z0-9-]+", line) for line in config["options"]["install_requires"].split()]
    names = {name.lower().replace("_", "-") for name in pins}
    assert {match[0].lower() for match in needed if match} <= names
    assert version("numba") == pins["numba"]
