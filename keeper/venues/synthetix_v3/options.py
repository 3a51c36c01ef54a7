"""What the settings say about one deployment: the addresses of its contracts. Everything else is read on chain."""

from dataclasses import dataclass

from keeper.domain.chain import Address
from keeper.domain.options import option


@dataclass(frozen=True, slots=True)
class Options:
    """The contracts of one deployment."""

    perps_market: Address = option("address of the deployment's PerpsMarketProxy")
    core: Address = option("address of the deployment's CoreProxy")
    spot_market: Address = option("address of the deployment's SpotMarketProxy")
    usd_token: Address = option("address of the deployment's USDProxy (snxUSD)")
    oracle_manager: Address = option("address of the deployment's OracleManagerProxy")
    pyth: Address = option("address of the Pyth contract its oracle nodes read")
