"""What editors complete and check the settings file with."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from keeper.commands.config_schema import text
from keeper.settings import load, schema
from keeper.settings.documents import documented
from tests.keeper.settings.test_source import CONFIG, MINIMAL

VALIDATOR = Draft202012Validator(schema())


def _problems(settings: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(tomllib.loads(settings))]


def test_the_schema_beside_the_example_is_that_of_the_declarations() -> None:
    """`keeper config schema > config/schema.json` mends it."""
    assert (CONFIG / "schema.json").read_text() == text()


@pytest.mark.parametrize("path", sorted(CONFIG.rglob("*.toml")), ids=lambda path: path.name)
def test_every_shipped_file_is_valid(path: Path) -> None:
    assert _problems(path.read_text()) == []


def test_what_the_keeper_refuses_an_editor_marks() -> None:
    assert _problems(MINIMAL) == []
    assert _problems(MINIMAL.replace("id = 31337", "idd = 31337"))
    assert _problems(MINIMAL.replace("id = 31337", 'id = "x"'))
    assert _problems(MINIMAL.replace("start_block = 0", 'multicall = "0x12"'))


def test_every_key_has_a_description(tmp_path: Path) -> None:
    """The same words as `keeper check-config` prints."""
    path = tmp_path / "keeper.toml"
    path.write_text(MINIMAL)
    described = json.dumps(schema(), ensure_ascii=False)
    for key, _, meaning in documented(load(path, {}).settings):
        assert json.dumps(meaning, ensure_ascii=False)[1:-1] in described, key


def test_nothing_is_required_of_a_file_that_may_be_half_of_the_settings() -> None:
    def keys(node: Any) -> list[str]:
        if isinstance(node, dict):
            return [*node, *(key for value in node.values() for key in keys(value))]
        return [key for value in node for key in keys(value)] if isinstance(node, list) else []

    assert "required" not in keys(schema())
