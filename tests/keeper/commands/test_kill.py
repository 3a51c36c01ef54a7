"""keeper kill makes the file that a daemon of the same settings looks for."""

from pathlib import Path

from keeper.service.kill_switch import KillSwitch
from tests.keeper.commands.conftest import Cli
from tests.keeper.settings.test_source import MINIMAL


def _config(tmp_path: Path, kill_file: Path) -> Path:
    config = tmp_path / "keeper.toml"
    config.write_text(f'[keeper]\nkill_file = "{kill_file}"\n{MINIMAL}')
    return config


def test_it_engages_and_releases(keeper: Cli, tmp_path: Path) -> None:
    switch = KillSwitch(tmp_path / "state" / "HALT")
    config = _config(tmp_path, switch.path)
    engaged = keeper("kill", "--config", config)
    assert (engaged.exit_code, switch.engaged()) == (0, True)
    assert str(switch.path) in engaged.stderr
    released = keeper("kill", "--off", "--config", config)
    assert (released.exit_code, switch.engaged()) == (0, False)


def test_a_file_that_cannot_be_made_is_a_mistake_in_the_settings(keeper: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = keeper("kill", "--config", _config(tmp_path, tmp_path / "file" / "HALT"))
    assert answer.exit_code == 2
    assert "keeper.kill_file" in answer.stderr
