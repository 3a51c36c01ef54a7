"""Which anvil the forks run: the operator's, the one on PATH, or in a checkout the one npm installed."""

import platform
import shutil
from pathlib import Path

from keeper.errors import ConfigError

_CHECKOUT = Path(__file__).resolve().parents[2]
"""Where `make setup` put the npm package; an installed wheel has nothing there."""


def anvil_program(name: str | None, search_path: str | None = None, checkout: Path = _CHECKOUT) -> str:
    """The program to start: `name` (the setting `executors.NAME.anvil`), without it the first of the other two.

    `search_path` None is PATH. Raises ConfigError when there is none."""
    program = shutil.which(name or "anvil", path=search_path)
    if program is not None:
        return program
    if name is not None:
        raise ConfigError(f"anvil of the executor: no program {name}. Name one, or leave the key out.")
    npm_program = _npm_program(checkout)
    if npm_program.is_file():
        return str(npm_program)
    raise ConfigError("anvil of the executor: there is no anvil on PATH. Install Foundry's anvil, or name its path here.")


def _npm_program(checkout: Path) -> Path:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    package = f"anvil-{platform.system().lower()}-{machine}"
    return checkout / "contracts" / "node_modules" / "@foundry-rs" / package / "bin" / "anvil"
