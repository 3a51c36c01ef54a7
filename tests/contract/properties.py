"""What every venue must keep, and by what each of it is proven: read off the suite's own tests, so that the list cannot lag behind."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from inspect import getdoc, getmembers, isfunction, signature
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.contract.proof import Proof, Unproven

PARTS: Mapping[str, str] = {
    "chain": "a chain",
    "recording": "a recording",
    "paths": "random paths",
    "plans": "plans made by hand",
    "reverts": "the documentation",
    "abis": "the ABI",
}
"""A part of a proof, and what a test that rests on it compares the venue with."""
_OF_ONE_VENUE = {"name", "venue", "proof", *PARTS}
"""Fixtures of the suite: a test that names one of them runs for every venue."""


@dataclass(frozen=True, slots=True)
class Property:
    """A test over every venue, with the words of its docstring. `parts` are those of the proof that it rests on; without one it rests on
    the interface alone."""

    module: str
    test: str
    text: str
    parts: Sequence[str]

    @property
    def source(self) -> str:
        """By what it is proven."""
        return ", ".join(PARTS[part] for part in self.parts) or "the interface"

    def gaps(self, proof: Proof) -> Sequence[str]:
        """Why it is not proven of a venue; empty where it is."""
        parts = (getattr(proof, part) for part in self.parts)
        return [part.reason for part in parts if isinstance(part, Unproven)]


def properties() -> Sequence[Property]:
    """All, in the order of the files and of the lines in them."""
    modules = [import_module(f"tests.contract.{path.stem}") for path in sorted(Path(__file__).parent.glob("test_*.py"))]
    return [one for module in modules for one in _of(module)]


def _of(module: ModuleType) -> Iterator[Property]:
    functions: list[Callable[..., Any]] = [function for _, function in getmembers(module, isfunction)]
    for function in sorted(functions, key=lambda one: one.__code__.co_firstlineno):
        fixtures = signature(function).parameters.keys()
        if function.__name__.startswith("test_") and fixtures & _OF_ONE_VENUE:
            parts = [part for part in PARTS if part in fixtures]
            yield Property(module.__name__.rpartition(".")[2], function.__name__, " ".join((getdoc(function) or "").split()), parts)
