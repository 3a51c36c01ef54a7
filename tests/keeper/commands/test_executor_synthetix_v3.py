"""`keeper executor` where plans take no margin: it is neither missed nor shown, neither given nor taken."""

from pathlib import Path

import pytest

from tests.keeper.commands.conftest import Cli

pytestmark = pytest.mark.fork


def test_the_operator_is_ready_without_margin(keeper: Cli, synthetix_config: Path) -> None:
    status = keeper("executor", "status", "--config", synthetix_config)
    assert "synthetix_v3: rules" in status.stdout, status.output
    assert "margin" not in status.stdout


@pytest.mark.parametrize(
    ("command", "words"), [("fund", "plans on synthetix_v3 need no margin"), ("sweep", "can have none on synthetix_v3")]
)
def test_margin_is_refused(keeper: Cli, synthetix_config: Path, command: str, words: str) -> None:
    keys = ("--owner-key", synthetix_config.with_suffix(".owner.key.json"), "--password-file", synthetix_config.with_suffix(".password"))
    answer = keeper("executor", command, "--config", synthetix_config, *keys, "--margin", 5)
    assert answer.exit_code == 2, answer.output
    assert words in answer.stderr
