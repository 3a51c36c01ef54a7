"""What the keeper owns on Synthetix V3, read from the chain and nowhere else."""

from __future__ import annotations

from contracts.demo.assets import Assets, Prices
from contracts.devnet.calldata import calldata, returned
from contracts.devnet.rpc import Rpc
from contracts.devnet.synthetix_v3 import SynthetixDeployment
from contracts.devnet.synthetix_v3.views import snx_usd_balance_18

_18_TO_8 = 10**10


def assets_of(rpc: Rpc, deployment: SynthetixDeployment) -> Assets:
    """At the newest block: the executor's snxUSD, and the gas coin of the operator and, for prices' fees, of the executor."""
    owners = (deployment.keeper, deployment.executor)
    return Assets(
        settlement_18=snx_usd_balance_18(rpc, deployment, deployment.executor),
        tokens={},
        wei=sum(int(rpc.call("eth_getBalance", owner, "latest"), 16) for owner in owners),
    )


def prices_of(rpc: Rpc, deployment: SynthetixDeployment) -> Prices:
    """The newest price of the gas coin on the chain. Source: PerpsMarketModule.indexPrice."""
    data = calldata("indexPrice(uint128)", deployment.market("ETH").market_id)
    answer = rpc.call("eth_call", {"to": deployment.contracts.perps_market, "data": data}, "latest")
    price_18: int = returned(("uint256",), answer)[0]
    return Prices({}, {}, price_18 // _18_TO_8)
