"""The book of a devnet's Synthetix Perps V3, kept in step with its node."""

from contracts.devnet.rpc import Rpc
from contracts.devnet.synthetix_v3.deployment import SynthetixDeployment
from keeper.domain.options import build
from keeper.venues.synthetix_v3.options import Options
from keeper.venues.synthetix_v3.state import SynthetixBook
from keeper.venues.synthetix_v3.venue import SynthetixV3
from tests.keeper.venues.ledger import VenueLedger


def options_of(deployment: SynthetixDeployment) -> dict[str, str]:
    """The settings' section for a devnet."""
    contracts = deployment.contracts
    return {
        "perps_market": contracts.perps_market,
        "core": contracts.core,
        "spot_market": contracts.spot_market,
        "usd_token": contracts.snx_usd,
        "oracle_manager": contracts.oracle_manager,
        "pyth": contracts.pyth,
    }


class SynthetixLedger(VenueLedger[SynthetixBook]):
    """A book of Synthetix Perps V3."""

    @classmethod
    def start(cls, rpc: Rpc, deployment: SynthetixDeployment) -> "SynthetixLedger":
        """A book that knows everything up to the present head, from the deployment on."""
        venue = SynthetixV3(build(Options, options_of(deployment)))
        ledger = cls(rpc, venue, venue.new_book())
        ledger.begin(deployment.start_block)
        return ledger
