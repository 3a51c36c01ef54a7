"""docs/adding-a-venue.md is true: the toy exchange was added by it, in a package of its own, and the suite runs on it as on ours."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from tests.contract.properties import properties
from tests.contract.wheel import PACKAGE, install

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "adding-a-venue.md").read_text("utf-8")
_GROWING = ("toy_exchange/__init__.py", "toy_exchange/venue.py", "toy_exchange_proof/proof.py")
"""Files that every milestone adds to."""


def _milestones() -> Mapping[str, str]:
    """Title to text, in order."""
    parts = re.split(r"^## (Milestone \d: .*)$", DOC, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _rows(text: str) -> list[str]:
    """The files of a milestone: the first column of its table."""
    return re.findall(r"^\| `([\w./-]+)` \|", text, flags=re.MULTILINE)


def _tests(text: str) -> list[str]:
    return re.findall(r"`(test_\w+)`", text)


def test_its_files_are_those_the_page_lists() -> None:
    """Each once."""
    paths = (path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    files = [file for text in _milestones().values() for file in _rows(text)]
    assert sorted(files) == sorted(paths)


def test_a_milestone_needs_nothing_of_a_later_one() -> None:
    """A file imports files of its own milestone or of those before; but for the three that grow."""
    modules: set[str] = set()
    for text in _milestones().values():
        files = _rows(text)
        modules |= {file.removesuffix(".py").replace("/", ".") for file in files}
        for file in set(files) - set(_GROWING):
            if file.endswith(".py"):
                assert set(_imports(PACKAGE / file)) <= modules, file


def _imports(path: Path) -> Iterator[str]:
    """The package's own modules a file imports, by their full names."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith("toy_exchange"):
            yield from [node.module] if "." in node.module else (f"{node.module}.{name.name}" for name in node.names)


def test_every_test_of_the_suite_turns_green_at_a_milestone() -> None:
    """Each at one of them."""
    names = [test for text in _milestones().values() for test in _tests(text)]
    assert sorted(names) == sorted(one.test for one in properties())


@pytest.mark.parametrize("contract", ["ToyExchange", "ToyValuer"])
def test_its_artifacts_are_of_the_sources_beside_them(contract: str) -> None:
    """`python -m toy_exchange_proof.compile` writes them."""
    (artifact,) = PACKAGE.rglob(f"{contract}.json")
    source = PACKAGE / "contracts" / f"{contract}.sol"
    assert json.loads(artifact.read_text("utf-8"))["source_sha256"] == sha256(source.read_bytes()).hexdigest()


@pytest.mark.fork
@pytest.mark.usefixtures("anvil")
def test_the_suite_runs_on_the_package(tmp_path: Path) -> None:
    """Beside ours, found by its entry points; whatever is proven of a venue is proven of it."""
    words = ("-m", "pytest", "tests/contract", "-k", "toy_exchange", "-n0", "-v", "-p", "no:cacheprovider")
    environment = os.environ | {"PYTHONPATH": f"{install(tmp_path)}{os.pathsep}{ROOT}"}
    run = subprocess.run((sys.executable, *words), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert run.returncode == 0, run.stdout
    names = re.findall(r"::(test_\w+)\[toy_exchange\S*\] PASSED", run.stdout)
    assert set(names) == {one.test for one in properties()}, run.stdout
