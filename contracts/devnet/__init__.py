"""A local chain with the real Perp V2 contracts, makers, traders and price paths, reproducible from a seed."""

from contracts.devnet.anvil import Anvil, AnvilError, AnvilOptions
from contracts.devnet.deploy import deploy
from contracts.devnet.deployment import Deployment

__all__ = ["Anvil", "AnvilError", "AnvilOptions", "Deployment", "deploy"]
