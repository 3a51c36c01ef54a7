"""What only a protocol knows stays in its folder: nothing else of the two programs names it, any of its contracts' functions, events and
errors, or an event as the lake has it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ABIS = ROOT / "contracts" / "abi"
PROTOCOLS = {
    "perp_v2": re.compile(r"perp_?v2|curie", re.IGNORECASE),
    "synthetix_v3": re.compile(r"synthetix|snx", re.IGNORECASE),
}
"""Those with a folder in keeper/venues, and what they are called."""
TOKEN_WORDS = {"balanceOf", "totalSupply", "transferFrom"}
"""ERC-20's own: any program that holds tokens knows them."""
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TWO_WORDS = re.compile(r"[a-z0-9][A-Z]")


def _sources() -> Iterator[tuple[str, str]]:
    """(path, text) of what is neither a protocol's nor a text for people."""
    for program in ("keeper", "analytics"):
        for path in sorted((ROOT / program).rglob("*")):
            if path.suffix in (".py", ".sql") and not path.is_relative_to(ROOT / "keeper" / "venues"):
                yield str(path.relative_to(ROOT)), path.read_text("utf-8")


def _names(protocol: str) -> set[str]:
    """Of at least two words written as one, as Solidity has them; a single word (liquidate, positions) may be anybody's."""
    entries = [entry for path in (ABIS / protocol).iterdir() for entry in json.loads(path.read_text("utf-8"))]
    names = {entry["name"] for entry in entries if entry["type"] in ("event", "error", "function")}
    recorded = {kind.__name__ for kind in import_module(f"keeper.venues.{protocol}.events").EVENT_TYPES}
    return {name for name in names | recorded if _TWO_WORDS.search(name)} - TOKEN_WORDS


def test_every_protocol_is_looked_for() -> None:
    folders = {path.name for path in (ROOT / "keeper" / "venues").iterdir() if path.joinpath("venue.py").exists()}
    assert folders == set(PROTOCOLS)
    assert all(len(_names(protocol)) > 100 for protocol in PROTOCOLS)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_outside_uses_a_name_of_its_contracts(protocol: str) -> None:
    names = _names(protocol)
    assert [(path, word) for path, text in _sources() for word in sorted(names.intersection(_WORD.findall(text)))] == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_outside_names_it(protocol: str) -> None:
    assert [(path, match[0]) for path, text in _sources() for match in PROTOCOLS[protocol].finditer(text)] == []
