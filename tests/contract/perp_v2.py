"""What proves Perp V2: its devnet, logs recorded there, and books made by hand."""

from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass

from contracts.devnet.devnet import Devnet
from keeper.domain.account import AccountKey
from keeper.domain.calldata import UINT256_MAX
from keeper.domain.fixed import X18
from keeper.domain.plan import LiquidationPlan, NoPlan
from keeper.domain.use import NOTHING
from keeper.domain.venue import Event
from keeper.venues.perp_v2 import log_events as log
from keeper.venues.perp_v2 import ticks
from tests.contract.chain import Chain
from tests.contract.contract_abi import ContractAbi
from tests.contract.path import PPM, Paths, Step
from tests.contract.plan_case import ExpectedCall, PlanCase
from tests.contract.proof import Proof
from tests.contract.recording import Recording
from tests.contract.revert_payload import error_string
from tests.keeper.venues.perp_v2.all_events import emit_all_events, recorded, recorded_options
from tests.keeper.venues.perp_v2.books import ADDRESSES, ALICE, BOB, ETH, EXECUTOR, USDC, WETH, Desk, sqrt_of
from tests.keeper.venues.perp_v2.ledger import Ledger
from tests.keeper.venues.perp_v2.random_traders import RandomTraders

_PAWNER, _COUNTERPARTY = AccountKey("0x" + "c3" * 20), AccountKey("0x" + "d4" * 20)
_START_PRICE = 2_500
_SIZE = 4
_MAINTENANCE_PPM = 62_500
_CLAIMED = {
    "clearing_house": "ClearingHouse",
    "account_balance": "AccountBalance",
    "vault": "Vault",
    "exchange": "Exchange",
    "market_registry": "MarketRegistry",
    "clearing_house_config": "ClearingHouseConfig",
    "collateral_manager": "CollateralManager",
}
_CODES = (
    "CH_EAV", "CH_CLWTISO", "CH_NEXO", "CH_PSZ", "CH_WLD", "CH_NEFCI", "CH_IIC", "CH_MNO", "CH_MP", "CH_TLRS", "CH_TMRL",
    "EX_OPLAS", "EX_OPB", "V_NL", "V_MSAE", "V_MCAE", "V_NEFC", "Pausable: paused",
)  # fmt: skip
"""What the functions of a plan revert with, by the contracts' sources (npm @perp/curie-contract 2.8.4)."""


class PerpPath(Desk):
    """A long and a short of the same size, and somebody whose collateral follows the price; somebody else trades."""

    def __init__(self, leverage_ppm: int) -> None:
        self._touched: set[AccountKey] = set()
        super().__init__()
        self._price = float(_START_PRICE)
        for key, size in ((ALICE, _SIZE), (BOB, -_SIZE)):
            self.deposit(key, _SIZE * _START_PRICE * _MAINTENANCE_PPM // leverage_ppm)
            self.trade(key, size, -size * _START_PRICE)
        self.apply(log.Deposited(WETH, _PAWNER, X18), log.PnlRealized(_PAWNER, -1_500 * X18 * leverage_ppm // PPM))
        self.deposit(_COUNTERPARTY, 10**9)
        self._read(0)

    def apply(self, *events: Event) -> set[AccountKey]:
        """As the desk's; the accounts are noted."""
        touched = super().apply(*events)
        self._touched |= touched
        return touched

    def advance(self, step: Step) -> Set[AccountKey]:
        """Funding is settled before the trade, at the price of before."""
        self._touched = set()
        self.block(self.now + step.seconds)
        if step.trade_ppm:
            self._trade(step.trade_ppm)
        self._price *= 1 + step.price_ppm / PPM
        self._read(step.trade_ppm)
        return self._touched

    def _trade(self, share_ppm: int) -> None:
        index_x18 = int(self._price * PPM) * 10**12
        account = self.book.accounts[_COUNTERPARTY]
        before = account.positions[ETH].open_notional if ETH in account.positions else 0
        size, notional = share_ppm * 10**13, -int(share_ppm * self._price) * 10**13
        self.apply(
            log.FundingUpdated(ETH, ticks.price_x18_of(self._twap(share_ppm)), index_x18),
            log.PositionChanged(_COUNTERPARTY, ETH, size, notional, 1, before + notional, 0, sqrt_of(self._price)),
        )

    def _read(self, share_ppm: int) -> None:
        self.market(self._price, funding_twap_x96=self._twap(share_ppm))
        self.collateral(int(self._price))

    def _twap(self, share_ppm: int) -> int:
        """Up to a tenth above the index where others buy, or below it where they sell."""
        return sqrt_of(self._price * (1 + share_ppm / PPM / 10))


def _plan(desk: Desk) -> LiquidationPlan:
    plan = desk.venue.plan(ALICE, desk.book, desk.now, EXECUTOR, NOTHING)
    assert not isinstance(plan, NoPlan), plan
    return plan


def _case(name: str, desk: Desk, plan: LiquidationPlan, *expected: ExpectedCall) -> PlanCase:
    return PlanCase(name, plan.calls, desk.venue.rules(desk.book), expected)


def _word(plan: LiquidationPlan, call: int, index: int) -> int:
    start = 4 + 32 * index
    return int.from_bytes(plan.calls[call].calldata[start : start + 32], "big")


def _close(plan: LiquidationPlan, call: int) -> ExpectedCall:
    """The limit of the price is the plan's own choice."""
    signature = "closePosition((address,uint160,uint256,uint256,bytes32))"
    return ExpectedCall(signature, ((ETH, _word(plan, call, 1), 0, UINT256_MAX, bytes(32)),))


def _plans() -> Sequence[PlanCase]:
    taker = _maker()
    plan = _plan(taker)
    cancel = ExpectedCall("cancelAllExcessOrders(address,address)", (ALICE, ETH))
    liquidate = ExpectedCall("liquidate(address,address,int256)", (ALICE, ETH, 0))
    pawner = Desk()
    pawner.apply(log.Deposited(WETH, ALICE, X18), log.PnlRealized(ALICE, -1_600 * X18))
    pawner.market(_START_PRICE)
    pawner.collateral(_START_PRICE)
    purchase = _plan(pawner)
    paid_raw = _word(purchase, 0, 1)
    holder = Desk()
    holder.deposit(AccountKey(EXECUTOR), 4_000)
    holder.trade(AccountKey(EXECUTOR), 1, -_START_PRICE)
    holder.market(_START_PRICE)
    closing = holder.venue.unwind(EXECUTOR, holder.book, holder.now, NOTHING)
    assert closing is not None
    return (
        _case("orders and position", taker, plan, cancel, liquidate, _close(plan, 2)),
        _case(
            "collateral",
            pawner,
            purchase,
            ExpectedCall("withdraw(address,uint256)", (USDC, paid_raw)),
            ExpectedCall("approve(address,uint256)", (ADDRESSES["vault"], paid_raw)),
            ExpectedCall("liquidateCollateral(address,address,uint256,bool)", (ALICE, WETH, paid_raw, True)),
        ),
        _case("closing", holder, closing, _close(closing, 0)),
    )


def _maker() -> Desk:
    desk = Desk()
    desk.deposit(ALICE, 400)
    desk.trade(ALICE, _SIZE, -_SIZE * _START_PRICE)
    desk.order(ALICE, 78_000, 78_600, 10**18, 0, 100 * X18)
    desk.market(2_400)
    return desk


def _ledger(devnet: Devnet) -> Ledger:
    return Ledger.start(devnet.rpc, devnet.deployment, devnet.deployment.start_block)


@dataclass(frozen=True, slots=True)
class PerpWalk:
    """Random trading with its own liquidations, and those it is told to make."""

    traders: RandomTraders

    def step(self) -> None:
        """One block."""
        self.traders.act()

    def liquidate(self, key: AccountKey) -> None:
        """In the next block."""
        self.traders.liquidate(key)


@contextmanager
def _walk(devnet: Devnet, seed: int) -> Iterator[PerpWalk]:
    yield PerpWalk(RandomTraders.on(devnet, seed))


PROOF = Proof(
    options=recorded_options(),
    abis=[ContractAbi.read(name, recorded_options()[name], f"perp_v2/{contract}.json") for name, contract in _CLAIMED.items()],
    recording=Recording("the devnet: npm @perp/curie-contract", recorded()),
    paths=Paths(PerpPath),
    plans=_plans(),
    reverts={code: error_string(code) for code in _CODES},
    chain=Chain(
        origin="the devnet: npm @perp/curie-contract",
        fixture="devnet",
        ledger=_ledger,
        walk=_walk,
        every_event=emit_all_events,
        walk_events={"PositionChanged": 50, "LiquidityChanged": 10, "Deposited": 5, "Withdrawn": 5, "PositionLiquidated": 5},
    ),
    limits=(
        "Events of the proxies in front of the contracts (Upgraded, AdminChanged, BeaconUpgraded, Initialized) never happen on the devnet.",
        "Accounts with orders are on the chain's random trading only, not on the random paths of weeks.",
    ),
)
