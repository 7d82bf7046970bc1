"""The page of indicators and its pictures on disk are what the catalog and the recorded candles make."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from cli import pictures, reference_indicators
from cli.indicator_pictures import Recording, picture
from cli.pictures import Layer
from indicators import catalog
from tests.data import ROOT, SPOT_1H

PAGE = ROOT / "docs" / "indicators.md"
PICTURES = ROOT / "docs" / "indicators"


@pytest.fixture(scope="module")
def recording() -> Recording:
    return Recording(SPOT_1H)


def test_the_page_is_that_of_the_catalog():
    """`make docs` writes it anew."""
    assert PAGE.read_text() == reference_indicators.page()


def test_every_name_that_may_be_called_is_on_the_page():
    page = PAGE.read_text()
    assert sorted(re.findall(r"^### (\w+)$", page, re.MULTILINE)) == sorted(catalog.ENTRIES)
    for alias, name in catalog.ALIASES.items():
        assert f"| `{alias}` | [{name}](#{name}) |" in page
    assert set(re.findall(r"\]\(#(\w+)\)", page)) == set(catalog.ENTRIES)


def test_every_indicator_has_its_picture_and_no_picture_is_left_over():
    """`make docs` draws and removes them."""
    assert {path.name for path in PICTURES.iterdir()} == {f"{name}.svg" for name in catalog.ENTRIES}


def test_pictures_are_small_and_stand_alone():
    for path in PICTURES.iterdir():
        text = path.read_text()
        tags = {element.tag.removeprefix("{http://www.w3.org/2000/svg}") for element in ET.fromstring(text).iter()}
        assert tags <= {"svg", "title", "path", "text", "tspan", "g"}, path.name
        assert not re.search(r"\bnan\b|\binf\b|href|url\(", text, re.IGNORECASE), path.name
        assert len(text) < 8_000, path.name


@pytest.mark.parametrize("name", ["rsi", "bbands", "cdlengulfing"])
def test_pictures_are_those_of_the_recorded_candles(name: str, recording: Recording):
    assert (PICTURES / f"{name}.svg").read_text() == picture(catalog.ENTRIES[name], recording)


def test_what_is_missing_or_without_height_can_be_drawn():
    nothing, flat = np.full(8, np.nan), np.full(8, 3.0)
    gaps = np.array([np.nan, 1, 2, np.nan, 5, np.nan, np.inf, 4])
    text = pictures.draw("<a & b>", [[Layer("price", (flat,), "flat")], [Layer("line", (nothing,)), Layer("bars", (gaps,), "x")]])
    title = ET.fromstring(text).find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert title.text == "<a & b>"
    assert not re.search(r"\bnan\b|\binf\b", text)


def test_a_line_begins_anew_behind_a_gap_and_a_point_alone_is_a_dot():
    values = np.array([0.0, 1, 2, np.nan, 1, np.nan, 2, 0])
    text = pictures.draw("", [[Layer("line", (values,))]])
    lines = [d for d in re.findall(r'd="([^"]+)"', text) if "l" in d]
    assert len(lines) == 1
    assert lines[0].count("M") == 3
    assert lines[0].count("h0") == 1
    # Two equal steps are one.
    assert lines[0].count("l") == 2
