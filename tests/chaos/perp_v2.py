"""Perp V2 as a scenario's ground."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass

from contracts.devnet import AnvilOptions, Deployment, Devnet, MarketDriver, account_views
from contracts.devnet.anvil import Anvil
from contracts.devnet.calldata import calldata, returned
from contracts.devnet.play import Driver
from contracts.devnet.rpc import Rpc
from tests.chaos.log import Log, topic_of

_PENALTY, _REQUIREMENT = 250, 625
"""Liquidation penalty and maintenance requirement, in hundredths of a percent of the notional."""
_TRADE = "PositionChanged(address,address,int256,int256,uint256,int256,int256,uint256)"
_LIQUIDATION = "PositionLiquidated(address,address,uint256,uint256,uint256,address)"
COLLATERAL_LIQUIDATION = "CollateralLiquidated(address,address,address,uint256,uint256,uint256,uint24)"
_FLOWS = ("Deposited(address,address,uint256)", "Withdrawn(address,address,uint256)", "BadDebtSettled(address,uint256)")


@dataclass(frozen=True, slots=True)
class PerpV2Ground:
    """Satisfies `Ground`."""

    devnet: Devnet
    price_service: None = None

    @property
    def anvil(self) -> Anvil:
        """The node."""
        return self.devnet.anvil

    @property
    def rpc(self) -> Rpc:
        """The devnet's own connection."""
        return self.devnet.rpc

    @property
    def deployment(self) -> Deployment:
        """What stands on the chain."""
        return self.devnet.deployment

    @property
    def accounts(self) -> Sequence[str]:
        """An account is an address."""
        return [trader.address for trader in self.deployment.traders]

    @property
    def contracts(self) -> frozenset[str]:
        """All of the core."""
        return frozenset(str(address).lower() for address in asdict(self.deployment.core).values())

    @property
    def events(self) -> Mapping[str, Sequence[str]]:
        """Of four contracts."""
        core = self.deployment.core
        return {
            core.clearing_house: (
                _TRADE,
                _LIQUIDATION,
                "PositionClosed(address,address,int256,int256,int256,int256,uint256)",
                "FundingPaymentSettled(address,address,int256)",
                "LiquidityChanged(address,address,address,int24,int24,int256,int256,int128,uint256)",
            ),
            core.account_balance: ("PnlRealized(address,int256)",),
            core.vault: (*_FLOWS, COLLATERAL_LIQUIDATION),
            core.exchange: ("FundingUpdated(address,uint256,uint256)",),
        }

    @property
    def trades(self) -> Sequence[str]:
        """Liquidations among them."""
        return (_TRADE,)

    @property
    def flows(self) -> Sequence[str]:
        """Of the vault."""
        return _FLOWS

    def driver(self) -> AbstractContextManager[Driver]:
        """See MarketDriver."""
        return MarketDriver(self.devnet.url, self.deployment)

    def liquidation_logs(self, logs: Sequence[Log]) -> Sequence[Log]:
        """Of positions and of collateral."""
        topics = {topic_of(_LIQUIDATION), topic_of(COLLATERAL_LIQUIDATION)}
        return [log for log in logs if log.topic in topics]

    def liquidated(self, log: Log) -> str | None:
        """The trader of a liquidated position."""
        return "0x" + log.topics[1][-40:] if log.topic == topic_of(_LIQUIDATION) else None

    def breached(self, rpc: Rpc, block: str) -> frozenset[str]:
        """Without a position there is nothing to liquidate, whatever the account's value."""
        views = account_views(rpc, self.deployment, self.accounts, block, collateral=False)
        return frozenset(account for account, view in views.items() if view.liquidatable and view.requirement_18 > 0)

    def due(self, rpc: Rpc, block: str) -> frozenset[str]:
        """But for those whose debt the insurance fund cannot cover at the head: the contracts let nobody liquidate them (CH_IIC)."""
        fund_18 = self._fund_18(rpc)
        views = account_views(rpc, self.deployment, self.accounts, block, collateral=False)
        return frozenset(
            account
            for account, view in views.items()
            if view.liquidatable
            and view.requirement_18 > 0
            and view.requirement_18 * _PENALTY // _REQUIREMENT - view.account_value_18 <= fund_18
        )

    def margins(self, rpc: Rpc, accounts: Sequence[str], block: str) -> Mapping[str, tuple[int, int]]:
        """Account value and maintenance requirement."""
        views = account_views(rpc, self.deployment, accounts, block, collateral=False)
        return {account: (view.account_value_18, view.requirement_18) for account, view in views.items()}

    def _fund_18(self, rpc: Rpc) -> int:
        """What the insurance fund can pay at the head, 18 decimals."""
        call = {"to": self.deployment.core.insurance_fund, "data": calldata("getInsuranceFundCapacity()")}
        (capacity_6,) = returned(("int256",), rpc.call("eth_call", call, "latest"))
        return int(capacity_6) * 10**12


@contextmanager
def perp_v2_ground(options: AnvilOptions, seed: int, traders: int) -> Iterator[PerpV2Ground]:
    """A fresh one, gone afterwards. Raises as Devnet.up."""
    with Devnet.up(options, seed=seed, traders=traders) as devnet:
        yield PerpV2Ground(devnet)
