"""Protocols of other packages: installed beside ours, found by their entry point, and settings know their options."""

import os
import subprocess
import sys
from pathlib import Path

_MODULE = """
from dataclasses import dataclass
from keeper.domain.capabilities import Actor, Capabilities
from keeper.domain.options import option
from keeper.venues import VenueProtocol

@dataclass(frozen=True)
class Options:
    engine: str = option("address of the engine")

@dataclass(frozen=True)
class Venue:
    options: Options
    capabilities = Capabilities(actor=Actor.ANYBODY, needs_capital=False, pull_oracle=False)

protocol = VenueProtocol(Options, Venue)
"""
_PROGRAM = """
import sys
from pathlib import Path
from keeper.settings import load, schema
from keeper.venues import REGISTRY, protocols
assert protocols().keys() >= REGISTRY.keys() | {"outside"}, protocols().keys()
assert protocols()["perp_v2"] is REGISTRY["perp_v2"], "ours win"
print(load(Path(sys.argv[1]), {}).settings.venues["far"].options.engine)
"""
_SETTINGS = """
[chains.one]
id = 1
rpc_urls = ["http://127.0.0.1:1"]
start_block = 0

[venues.far]
protocol = "outside"
chain = "one"
engine = "0xabc"
"""


def test_an_installed_packages_protocol_is_a_choice_in_the_settings_and_cannot_replace_ours(tmp_path: Path) -> None:
    metadata = tmp_path / "outside-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[perp_keeper.venues]\noutside = outside:protocol\nperp_v2 = outside:protocol\n")
    (tmp_path / "outside.py").write_text(_MODULE)
    settings = tmp_path / "keeper.toml"
    settings.write_text(_SETTINGS)
    result = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(settings)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{Path(__file__).parents[3]}"},
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "0xabc\n"
