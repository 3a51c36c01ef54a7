"""Compiles our Solidity: `python -m contracts.devnet.compile`. Needed to change it, not to run a devnet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from contracts.devnet.anvil import AnvilError, tool_path

_CONTRACTS = Path(__file__).resolve().parents[1]


def forge(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs forge in `contracts/`, its output (both streams) as text. Raises AnvilError if there is no forge."""
    command = [str(tool_path("forge")), *arguments, "--color", "never"]
    return subprocess.run(command, cwd=_CONTRACTS, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def main() -> int:
    """Builds, and prints forge's output only if that failed. Returns the exit code."""
    try:
        build = forge("build")
    except AnvilError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if build.returncode != 0:
        sys.stderr.write(build.stdout)
    return build.returncode


if __name__ == "__main__":
    sys.exit(main())
