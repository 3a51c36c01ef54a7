"""What the settings say about one deployment: the addresses of its core contracts. Everything else is read on chain."""

from dataclasses import dataclass

from keeper.domain.chain import Address
from keeper.domain.options import option


@dataclass(frozen=True, slots=True)
class Options:
    """The core contracts of one deployment."""

    clearing_house: Address = option("address of the deployment's ClearingHouse")
    account_balance: Address = option("address of the deployment's AccountBalance")
    vault: Address = option("address of the deployment's Vault")
    exchange: Address = option("address of the deployment's Exchange")
    order_book: Address = option("address of the deployment's OrderBook")
    market_registry: Address = option("address of the deployment's MarketRegistry")
    clearing_house_config: Address = option("address of the deployment's ClearingHouseConfig")
    collateral_manager: Address = option("address of the deployment's CollateralManager")
    insurance_fund: Address = option("address of the deployment's InsuranceFund")
