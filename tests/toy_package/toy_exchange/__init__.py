"""The toy exchange: isolated longs of one market, bought with borrowed dollars. See contracts/ToyExchange.sol."""

from keeper.venues import VenueProtocol
from toy_exchange.options import Options
from toy_exchange.venue import ToyExchange

PROTOCOL = VenueProtocol(Options, ToyExchange)
"""What the entry point `perp_keeper.venues` names."""
