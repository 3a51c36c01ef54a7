"""Compiles the package's contracts: `python -m toy_exchange_proof.compile` from a checkout, only to change them. What is committed names
the SHA-256 of its source."""

import json
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from contracts.devnet.compile import forge

_FOLDER = Path(__file__).parents[1]
_ARTIFACTS = {"ToyValuer": _FOLDER / "toy_exchange" / "abi", "ToyExchange": _FOLDER / "toy_exchange_proof" / "abi"}
"""Contract to where its artifact is: the valuer's in the venue, for its owner to deploy it; the exchange's in the proof."""


def main() -> int:
    """Builds, and writes the artifacts. Returns forge's exit code."""
    with TemporaryDirectory() as out:
        build = forge("build", "--contracts", str(_FOLDER / "contracts"), "--out", out, "--cache-path", f"{out}/cache")
        if build.returncode:
            sys.stderr.write(build.stdout)
            return build.returncode
        for contract, folder in _ARTIFACTS.items():
            source = (_FOLDER / "contracts" / f"{contract}.sol").read_bytes()
            artifact = json.loads((Path(out) / f"{contract}.sol" / f"{contract}.json").read_text("utf-8"))
            fields = {
                "contract": contract,
                "source_sha256": sha256(source).hexdigest(),
                "abi": artifact["abi"],
                "bytecode": artifact["bytecode"]["object"],
            }
            (folder / f"{contract}.json").write_text(json.dumps(fields, separators=(",", ":")) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
