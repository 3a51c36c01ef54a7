"""The book of a devnet's Perp V2, kept in step with its node."""

from contracts.devnet.deployment import Deployment
from contracts.devnet.rpc import Rpc
from keeper.domain.options import build
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.state import PerpBook
from keeper.venues.perp_v2.venue import PerpV2
from tests.keeper.venues.ledger import VenueLedger

OPTION_KEYS = (
    "clearing_house",
    "account_balance",
    "vault",
    "exchange",
    "order_book",
    "market_registry",
    "clearing_house_config",
    "collateral_manager",
    "insurance_fund",
)


def options_of(deployment: Deployment) -> dict[str, str]:
    """The settings' section for a devnet."""
    return {key: getattr(deployment.core, key) for key in OPTION_KEYS}


class Ledger(VenueLedger[PerpBook]):
    """A book of Perp V2."""

    @classmethod
    def start(cls, rpc: Rpc, deployment: Deployment, first: int) -> "Ledger":
        """A book that knows everything up to the present head, from block `first` on."""
        venue = PerpV2(build(Options, options_of(deployment)))
        ledger = cls(rpc, venue, venue.new_book())
        ledger.begin(first)
        return ledger
