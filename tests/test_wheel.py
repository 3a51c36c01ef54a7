"""The wheel is the two programs with what they read, and nothing of the devnet, whose protocol artifacts are GPL-3.0 and BUSL-1.1."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
_NOT_PACKAGED = ("analytics/bench/", "analytics/notebooks/")
_READ_AT_RUN_TIME = (".sql", ".json", ".html", ".css", ".js", ".typed")
_LICENCES = ("GPL-", "GNU General Public", "BUSL", "Business Source License")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    command = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder))
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (archive,) = folder.glob("*.whl")
    with zipfile.ZipFile(archive) as files:
        files.extractall(folder / "unpacked")
    return folder / "unpacked"


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def _python(wheel: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The interpreter with the wheel before the checkout on its path."""
    environment = os.environ | {"PYTHONPATH": str(wheel)}
    return subprocess.run(
        (sys.executable, "-B", *words), cwd=wheel, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_it_installs_the_two_programs_and_their_settings(wheel: Path) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    name = f"perp_keeper-{version}"
    assert {path.name for path in wheel.iterdir()} == {"keeper", "analytics", f"{name}.dist-info", f"{name}.data"}
    assert _names(wheel / f"{name}.data") == {f"data/share/perp-keeper/config/{path}" for path in _names(ROOT / "config")}


@pytest.mark.parametrize("package", ["keeper", "analytics"])
def test_it_has_what_its_programs_read(wheel: Path, package: str) -> None:
    sources = {f"{package}/{path}" for path in _names(ROOT / package)}
    needed = {path for path in sources if path.endswith((".py", *_READ_AT_RUN_TIME)) and not path.startswith(_NOT_PACKAGED)}
    assert needed <= {f"{package}/{path}" for path in _names(wheel / package)}
    assert any(path.endswith(".sql") for path in needed)


def test_of_contracts_it_has_the_owners_own_and_no_other(wheel: Path) -> None:
    names = _names(wheel)
    assert {path for path in names if path.endswith(".json") and path.startswith("keeper/")} == {
        "keeper/execution/abi/KeeperExecutor.json",
        "keeper/execution/abi/UniswapV3Exchange.json",
        "keeper/venues/perp_v2/abi/PerpV2Valuer.json",
        "keeper/venues/synthetix_v3/abi/SynthetixV3Valuer.json",
    }
    assert not [path for path in names if path.endswith((".sol", ".mjs")) or "node_modules" in path or path.startswith(_NOT_PACKAGED)]


def test_it_has_nothing_under_a_licence_other_than_its_own(wheel: Path) -> None:
    def names_another(path: Path) -> bool:
        text = path.read_text(errors="replace")
        return any(licence in text for licence in _LICENCES)

    assert not [str(path) for path in wheel.rglob("*") if path.is_file() and names_another(path)]


@pytest.mark.parametrize("words", [("keeper",), ("keeper", "executor"), ("analytics",), ("analytics", "report")], ids=" ".join)
def test_its_programs_explain_themselves(wheel: Path, words: Sequence[str]) -> None:
    answer = _python(wheel, "-m", *words, "--help")
    assert answer.returncode == 0, answer.stderr
    assert "Usage" in answer.stdout


def test_they_run_from_it_and_not_from_the_checkout(wheel: Path) -> None:
    answer = _python(
        wheel, "-c", "import sys, keeper.daemon, analytics; print(keeper.__path__, analytics.__path__, 'contracts' in sys.modules)"
    )
    assert answer.stdout.split() == [f"['{wheel}/keeper']", f"['{wheel}/analytics']", "False"]
