"""Compiles Solidity: `python -m contracts.devnet.compile [PROFILE]`.

Our own contracts (the default profile) only to change them: what a devnet needs of them is committed. Those of Synthetix V3
(profile synthetix_v3) before its devnet can come up.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from contracts.devnet.anvil import AnvilError, tool_path

_CONTRACTS = Path(__file__).resolve().parents[1]
_DEFAULT = "default"


def forge(*arguments: str, profile: str = _DEFAULT) -> subprocess.CompletedProcess[str]:
    """Runs forge in `contracts/`, its output (both streams) as text. `profile` is one of foundry.toml's. Raises AnvilError if
    there is no forge."""
    command = [str(tool_path("forge")), *arguments, "--color", "never"]
    environment = {**os.environ, "FOUNDRY_PROFILE": profile}
    return subprocess.run(
        command, cwd=_CONTRACTS, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def main() -> int:
    """Builds, and prints forge's output only if that failed. Returns the exit code."""
    try:
        build = forge("build", profile=sys.argv[1] if len(sys.argv) > 1 else _DEFAULT)
    except AnvilError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if build.returncode != 0:
        sys.stderr.write(build.stdout)
    return build.returncode


if __name__ == "__main__":
    sys.exit(main())
