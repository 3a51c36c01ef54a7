"""A whole devnet in one `with`: anvil and the venue on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from contracts.devnet.anvil import Anvil, AnvilOptions
from contracts.devnet.deploy import Draw, deploy
from contracts.devnet.deployment import Deployment
from contracts.devnet.rpc import Rpc
from contracts.devnet.traders import draw_traders


@dataclass(frozen=True, slots=True)
class Devnet:
    """A running devnet. `rpc` is a connection for the owner of this value, not to be shared between threads."""

    anvil: Anvil
    deployment: Deployment
    rpc: Rpc

    @property
    def url(self) -> str:
        """The HTTP endpoint."""
        return self.anvil.url

    @staticmethod
    @contextmanager
    def up(options: AnvilOptions, seed: int = 7, traders: int = 120, draw: Draw = draw_traders) -> Iterator[Devnet]:
        """Starts anvil, deploys, and stops it on leaving. Raises as Anvil.start and deploy do."""
        with Anvil.start(options) as anvil, Rpc(anvil.url) as rpc:
            yield Devnet(anvil, deploy(anvil.url, seed, traders, draw), rpc)
