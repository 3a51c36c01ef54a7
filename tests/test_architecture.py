"""ARCHITECTURE.md is true: the files of its two walks are there, and no more of them than a reader follows."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
FOLDERS = [ROOT / "keeper", *(folder for folder in (ROOT / "keeper").rglob("*") if folder.is_dir())]


def _walk(title: str) -> list[str]:
    """Names of files in backticks in the section, each once, in order."""
    section = TEXT.split(f"**{title}**", 1)[1].split("\n**", 1)[0]
    return list(dict.fromkeys(re.findall(r"`([\w/]+\.py)`", section)))


def _exists(name: str) -> bool:
    path = name.removeprefix("keeper/")
    return any((folder / path).is_file() for folder in FOLDERS)


@pytest.mark.parametrize(("title", "most"), [("From a price to a sent transaction", 40), ("From a log to the lake", 15)])
def test_a_walk_names_files_that_are_there_and_not_too_many(title: str, most: int) -> None:
    names = _walk(title)
    assert 5 < len(names) <= most
    assert [name for name in names if not _exists(name)] == []


def test_a_price_becomes_a_transaction_in_six_types() -> None:
    section = TEXT.split("**From a price to a sent transaction**", 1)[1].split("\n\n", 1)[0]
    types = re.findall(r"`([A-Z]\w+)`", section)
    assert len(types) == 6
    sources = "\n".join(file.read_text("utf-8") for file in (ROOT / "keeper").rglob("*.py"))
    assert [name for name in types if f"\nclass {name}" not in sources] == []
