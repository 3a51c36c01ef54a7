"""docs/venue-proofs.md: of each venue, what is proven and by what, and what is not. `python -m tests.contract.page` writes it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.contract.chain import Chain
from tests.contract.proof import Proof
from tests.contract.proofs import OURS
from tests.contract.properties import properties
from tests.contract.recording import Recording

PAGE = Path(__file__).parents[2] / "docs" / "venue-proofs.md"
_HEAD = """# What is proven of each venue

The suite in `tests/contract` runs over every venue; this page is read off it (`python -m tests.contract.page` writes it, a test compares).
A property is proven by *the interface* alone, by *the ABI* of the contracts, by *a recording* of real logs, by *plans made by hand*, by
*the documentation* of the contracts' errors, by *random paths* without a chain, or by *a chain* with the venue's own contracts.
"""


def text(proofs: Mapping[str, Proof]) -> str:
    """The page."""
    return "\n".join((_HEAD, *_table(proofs), "", *_origins(proofs), "## What is not proven", "", *gaps(proofs), ""))


def _table(proofs: Mapping[str, Proof]) -> Iterator[str]:
    yield f"| Test | What it says | Proven by | {' | '.join(proofs)} |"
    yield "|---" * (3 + len(proofs)) + "|"
    for one in properties():
        cells = ("not proven" if one.gaps(proof) else "yes" for proof in proofs.values())
        words = one.test.removeprefix("test_").replace("_", " ")
        yield f"| `{one.module}` | **{words}.** {one.text} | {one.source} | {' | '.join(cells)} |"


def _origins(proofs: Mapping[str, Proof]) -> Iterator[str]:
    yield "## Where the chains and recordings come from"
    yield ""
    for name, proof in proofs.items():
        if isinstance(proof.recording, Recording):
            yield f"- `{name}`: a recording of {len(proof.recording.logs)} events, from {proof.recording.origin}"
        if isinstance(proof.chain, Chain):
            yield f"- `{name}`: a chain, {proof.chain.origin}"
    yield ""


def gaps(proofs: Mapping[str, Proof]) -> Iterator[str]:
    """What is not proven of each venue, and why; a line each."""
    for name, proof in proofs.items():
        for one in properties():
            yield from (f"- `{name}`, `{one.test}`: {reason}" for reason in one.gaps(proof))
        yield from (f"- `{name}`: {limit}" for limit in proof.limits)


def main() -> None:
    """Write it."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text(OURS), "utf-8")


if __name__ == "__main__":
    main()
