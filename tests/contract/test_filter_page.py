"""The page about filters says what the policy does: its made parts are those of the code, and each sample is as it says."""

import pytest

from cli.examples import examples
from cli.reference_filters import BLOCK, PARTS, page, verdict_of
from cli.reference_samples import ALLOWED, REFUSED, WORDS_LEFT_OUT
from tests.data import ROOT
from workers import grammar, vocabulary

PAGE = (ROOT / "docs" / "filters.md").read_text()


def test_the_made_parts_of_the_page_are_those_of_the_code():
    """`make docs` writes them anew."""
    assert {found[1] for found in BLOCK.finditer(PAGE)} == PARTS.keys()
    assert page(PAGE) == PAGE


def test_a_page_that_has_drifted_is_noticed_and_mended():
    drifted = PAGE.replace(" numpy | it is there as np |", " numpy | import it |").replace("`math.sqrt`", "`sqrt`")
    assert drifted != PAGE
    assert page(drifted) == PAGE


@pytest.mark.parametrize(("what", "sample"), ALLOWED)
def test_what_the_page_calls_allowed_is_accepted(what: str, sample: str):
    assert verdict_of(sample) is None, what


@pytest.mark.parametrize(("sample", "why"), REFUSED)
def test_what_the_page_calls_refused_is_refused_with_a_place_and_has_a_reason(sample: str, why: str):
    refused = verdict_of(sample)
    assert refused is not None
    assert refused.line >= 1
    assert refused.column >= 1
    assert refused.construct
    assert len(why) > 5


def test_names_that_the_page_calls_left_out_are_not_there():
    for words in WORDS_LEFT_OUT:
        for word in words.split():
            there = vocabulary.NUMPY if word.startswith("np.") else vocabulary.BUILTINS | vocabulary.METHODS
            assert word.rpartition(".")[2] not in there, word


def test_every_kind_of_statement_that_has_a_refusal_of_its_own_is_on_the_page():
    said = {refused.what.partition(": ")[2] for sample, _ in REFUSED if (refused := verdict_of(sample)) is not None}
    # Further forms of what stands there.
    like = {"async loops are not allowed", "await is not allowed", "nonlocal is not allowed"}
    assert {what for what, _ in grammar.REFUSED.values()} <= said | like


def test_every_example_is_on_the_page():
    assert [name for name in examples() if f"[`{name}`](../cli/examples/{name}.py)" not in PAGE] == []
