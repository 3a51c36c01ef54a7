"""Every command explains itself, with an example that the command line itself accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from keeper.cli import app
from tests.keeper.commands.conftest import Cli


def _commands(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from _commands(inner, (*path, name))
    else:
        assert isinstance(command, TyperCommand)
        yield path, command


COMMANDS = dict(_commands(get_command(app)))


def test_these_are_the_commands() -> None:
    assert {" ".join(path) for path in COMMANDS} == {
        "run", "check-config", "backfill", "kill", "positions", "explain", "quote", "replay", "config schema",
        "executor deploy", "executor allow", "executor fund", "executor status", "executor sweep", "executor revoke",
    }  # fmt: skip


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_says_what_it_does_and_shows_an_example(keeper: Cli, path: tuple[str, ...]) -> None:
    answer = keeper(*path, "--help")
    assert answer.exit_code == 0
    assert COMMANDS[path].help
    assert f"keeper {' '.join(path)}" in answer.stdout
    assert "Example" in answer.stdout
    for option in COMMANDS[path].params:
        assert getattr(option, "help", None) or option.name == "config", f"{option.name} is not explained"


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_examples_parse(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    examples = re.findall(r"keeper ([^|(]+)", command.epilog or "")
    assert examples
    for example in examples:
        words = example.split()
        assert tuple(words[: len(path)]) == path
        command.make_context("keeper", words[len(path) :])


def test_without_a_command_the_help_is_shown(keeper: Cli) -> None:
    answer = keeper()
    assert "check-config" in answer.output
    assert answer.exit_code in (0, 2)


def test_an_unknown_command_is_refused(keeper: Cli) -> None:
    assert keeper("liquidate-everything").exit_code == 2
