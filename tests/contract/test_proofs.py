"""Every venue has a proof, and what a proof leaves out is listed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from keeper.venues import protocols
from tests.contract.page import PAGE, text
from tests.contract.proof import Unproven, require
from tests.contract.proofs import OURS, proofs
from tests.contract.properties import PARTS, properties


def test_every_protocol_has_a_proof() -> None:
    """Ours, and those of the packages installed."""
    assert proofs().keys() == protocols().keys()


def test_every_part_of_a_proof_is_used() -> None:
    """And every property says in words what it is."""
    assert {part for one in properties() for part in one.parts} == PARTS.keys()
    assert all(one.text for one in properties())


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_missing_is_listed_and_its_tests_say_so(part: str) -> None:
    """Each property that rests on it, with the reason."""
    reason = "its contracts are not public"
    parts: Mapping[str, Any] = {part: Unproven(reason)}
    proof = replace(OURS["perp_v2"], **parts)
    gaps = [one for one in properties() if one.gaps(proof)]
    assert gaps == [one for one in properties() if part in one.parts]
    page = text({"perp_v2": proof})
    assert all(f"- `perp_v2`, `{one.test}`: {reason}\n" in page for one in gaps)
    with pytest.raises(pytest.skip.Exception, match=f"not proven: {reason}"):
        require(getattr(proof, part))


def test_a_gap_needs_a_reason() -> None:
    """Nothing is left out without a word."""
    with pytest.raises(ValueError, match="reason"):
        Unproven("")


def test_the_page_says_what_the_suite_proves() -> None:
    """`python -m tests.contract.page` writes it."""
    assert PAGE.read_text("utf-8") == text(OURS)
