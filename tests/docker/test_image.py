"""The image and its compose file say the same as Makefile and pyproject.toml. Read statically: no Docker engine is needed."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from analytics.cli import build_app
from analytics.lake import CATALOG, DATA
from keeper.cli import app as keeper_app
from keeper.lake.object_store import ENDPOINTS, VALUES
from keeper.settings import ENV_PREFIX, KeeperSettings, LakeSettings, LogSettings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "docker" / "compose.yaml").read_text()


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a Dockerfile; `stage` counts the FROMs."""

    stage: int
    name: str
    words: tuple[str, ...]


def _instructions() -> list[Instruction]:
    text = re.sub(r"\\\n", " ", (ROOT / "docker" / "Dockerfile").read_text())
    stage, instructions = -1, []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, rest = line.split(maxsplit=1)
        stage += name == "FROM"
        listed = rest.startswith("[")
        instructions.append(Instruction(stage, name, tuple(re.findall(r'"([^"]*)"', rest) if listed else shlex.split(rest))))
    return instructions


DOCKERFILE = _instructions()
LAST = DOCKERFILE[-1].stage


def _of(name: str, stage: int | None = None) -> list[Instruction]:
    return [item for item in DOCKERFILE if item.name == name and stage in (None, item.stage)]


def _ignored() -> Sequence[str]:
    return (ROOT / ".dockerignore").read_text().split()


def _inline(key: str) -> list[list[str]]:
    """All inline lists of that key in the compose file."""
    return [re.findall(r'"([^"]*)"', text) for text in re.findall(rf"^ +{key}: \[(.*)\]$", COMPOSE, re.MULTILINE)]


@pytest.mark.parametrize("copy", [item for item in _of("COPY") if not item.words[0].startswith("--from=")], ids=lambda item: item.words[0])
def test_what_is_copied_exists_and_is_not_ignored(copy: Instruction) -> None:
    for source in copy.words[:-1]:
        assert (ROOT / source).exists(), source
        assert source not in _ignored()


def test_what_is_copied_between_stages_was_made_by_a_stage_of_that_name() -> None:
    stages = {item.words[item.words.index("AS") + 1] for item in _of("FROM") if "AS" in item.words}
    froms = [item.words[0].removeprefix("--from=") for item in _of("COPY") if item.words[0].startswith("--from=")]
    assert froms
    assert set(froms) <= stages


def test_no_secret_and_no_local_state_reaches_the_image() -> None:
    assert {".git", "var", "**/.env", "**/*.password", "**/*.key.json"} <= set(_ignored())


def test_it_runs_as_a_user_of_its_own_who_owns_where_it_works() -> None:
    (user,) = (item.words[0] for item in _of("USER", LAST))
    assert user not in ("root", "0")
    commands = " ".join(" ".join(item.words) for item in _of("RUN", LAST))
    assert re.search(rf"useradd .*\b{user}\b", commands)
    (workdir,) = (item.words[0] for item in _of("WORKDIR", LAST))
    assert re.search(rf"--owner {user} .*{workdir}", commands)
    order = [item.name for item in DOCKERFILE if item.stage == LAST]
    assert "RUN" not in order[order.index("USER") :], "nothing is installed by the user, nothing is left to root"


def test_packages_are_locked_as_make_locks_them() -> None:
    makefile = (ROOT / "Makefile").read_text()
    runs = [" ".join(item.words) for item in _of("RUN")]
    for lock in ("requirements.lock", "requirements-dev.lock"):
        assert any(f"--require-hashes -r {lock}" in run for run in runs)
    assert "--require-hashes -r requirements-dev.lock" in makefile
    assert any(re.search(r"npm ci .*--ignore-scripts", run) for run in runs)
    assert re.search(r"npm ci .*--ignore-scripts", makefile)


def test_of_python_the_image_has_the_runtime_lock_and_our_wheel_alone() -> None:
    """What builds the wheel stays behind in the stage that builds it."""
    (environment,) = (item.words for item in _of("COPY", LAST) if item.words[0] == "--from=python")
    assert environment[1:] == ("/opt/venv", "/opt/venv")
    (stage,) = (item.stage for item in _of("FROM") if item.words[-1] == "python")
    installs = [item.words[-1] for item in _of("RUN", stage) if "install" in item.words]
    assert installs == ["requirements.lock", "/opt/wheel/*.whl"]


def test_python_is_one_the_project_supports_and_the_same_in_every_stage() -> None:
    images = [item.words[0] for item in _of("FROM") if item.words[0].startswith("python:")]
    assert len(images) == 3
    assert len(set(images)) == 1, "the environment is copied: the interpreter behind it must be the same"
    version = tuple(map(int, re.findall(r"\d+", images[0])[:2]))
    requirement = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert version >= tuple(map(int, re.findall(r"\d+", requirement)))


def test_of_npm_the_image_has_anvil_on_its_path_and_nothing_else() -> None:
    """The protocol's artifacts are GPL-3.0 and BUSL-1.1; production needs none of them."""
    (copied,) = (item.words for item in _of("COPY", LAST) if item.words[0] == "--from=node")
    assert copied[1:] == ("/opt/anvil/anvil", "/usr/local/bin/anvil")
    (install,) = (item.words for item in _of("RUN") if "node_modules" in item.words[-1])
    assert install[-2:] == ("/opt/anvil", "node_modules/@foundry-rs/anvil-linux-*/bin/anvil")
    assert not any("node_modules" in " ".join(item.words) for item in DOCKERFILE if item.stage == LAST)


def test_entry_points_are_console_scripts_and_their_commands_exist() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    ((entry,),) = (item.words for item in _of("ENTRYPOINT"))
    ((other,),) = _inline("entrypoint")
    assert {entry, other} <= scripts.keys()
    (command,) = (item.words for item in _of("CMD"))
    (keeper, analytics) = _inline("command")
    assert list(command) == keeper, "compose runs what the image runs by itself"
    # Parsing proves that the command and its options exist; nothing is run.
    for app, words in ((keeper_app, keeper), (build_app(), analytics)):
        group = get_command(app)
        assert isinstance(group, TyperGroup)
        group.commands[words[0]].make_context(words[0], words[1:])


def test_the_settings_it_names_are_in_the_image() -> None:
    (command,) = (item.words for item in _of("CMD"))
    settings = PurePosixPath(command[command.index("--config") + 1])
    copied = {item.words[-1]: item.words[0] for item in _of("COPY", LAST)}
    assert (ROOT / copied[str(settings.parent)] / settings.name).is_file()


def test_compose_sets_only_settings_there_are() -> None:
    names = re.findall(rf"^ +({ENV_PREFIX}\w+):", COMPOSE, re.MULTILINE)
    settings = {f"{ENV_PREFIX}KEEPER__{name.upper()}" for name in KeeperSettings.__slots__}
    settings |= {f"{ENV_PREFIX}LOG__{name.upper()}" for name in LogSettings.__slots__}
    settings |= {f"{ENV_PREFIX}LAKE__{name.upper()}" for name in LakeSettings.__slots__}
    assert names
    assert set(names) <= settings


def test_the_health_check_asks_the_port_the_daemon_is_told() -> None:
    (port,) = re.findall(r'STATUS_PORT: "(\d+)"', COMPOSE)
    assert f"127.0.0.1:{port}/livez" in COMPOSE


def test_both_services_share_the_directory_the_image_works_in() -> None:
    (workdir,) = (item.words[0] for item in _of("WORKDIR", LAST))
    assert re.findall(r"^ +- state:(\S+)$", COMPOSE, re.MULTILINE) == [workdir, workdir]
    (lake,) = re.findall(r"PERP_KEEPER_LAKE: (\S+)", COMPOSE)
    assert lake == f"{workdir}/var/lake"


def test_analytics_is_told_of_a_lake_on_servers_and_of_no_other_secret() -> None:
    """By name out of the environment or the .env file that the keeper gets whole: its key's password is not for both."""
    service = COMPOSE[COMPOSE.index("\n  analytics:") : COMPOSE.index("\nvolumes:")]
    passed = set(re.findall(r"^ +([A-Z0-9_]+):$", service, re.MULTILINE))
    assert passed == {CATALOG, DATA, "PGPASSWORD", *(name for names in VALUES.values() for name in names), *ENDPOINTS}
    assert "env_file" not in service


def test_neither_service_may_gain_privileges() -> None:
    services = COMPOSE.count("<<: *image")
    assert services == 2
    assert COMPOSE.count("cap_drop: [ALL]") == services
    assert COMPOSE.count('security_opt: ["no-new-privileges:true"]') == services
    assert "privileged: true" not in COMPOSE
