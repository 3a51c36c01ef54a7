"""A whole Synthetix V3 devnet in one `with`: anvil, the venue on it, and Pyth's prices beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from contracts.devnet.anvil import Anvil, AnvilOptions
from contracts.devnet.pythnet import Pythnet
from contracts.devnet.rpc import Rpc
from contracts.devnet.synthetix_v3.deploy import deploy
from contracts.devnet.synthetix_v3.deployment import SynthetixDeployment
from contracts.devnet.synthetix_v3.parameters import LISTINGS, Listings


@dataclass(frozen=True, slots=True)
class SynthetixDevnet:
    """A running devnet. `rpc` is a connection for the owner of this value, not to be shared between threads; `pythnet` may be
    served by contracts.devnet.price_service."""

    anvil: Anvil
    deployment: SynthetixDeployment
    pythnet: Pythnet
    rpc: Rpc

    @property
    def url(self) -> str:
        """The HTTP endpoint."""
        return self.anvil.url

    @staticmethod
    @contextmanager
    def up(options: AnvilOptions, seed: int = 7, traders: int = 120, listings: Listings = LISTINGS) -> Iterator[SynthetixDevnet]:
        """Starts anvil, deploys, and stops it on leaving. Raises as Anvil.start and deploy do."""
        with Anvil.start(options) as anvil, Rpc(anvil.url) as rpc:
            pythnet = Pythnet()
            deployment = deploy(anvil.url, pythnet, seed, traders, listings)
            yield SynthetixDevnet(anvil, deployment, pythnet, rpc)
