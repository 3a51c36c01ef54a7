"""What proves Synthetix Perps V3: its devnet, logs recorded there, and books made by hand."""

from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager

from contracts.devnet.calldata import calldata
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from contracts.devnet.synthetix_v3.market import Habits, SynthetixDriver
from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.plan import LiquidationPlan
from keeper.domain.quote import PriceId, Quote
from keeper.domain.use import NOTHING
from keeper.domain.venue import Event
from keeper.venues.synthetix_v3 import log_events as log
from tests.contract.chain import Chain
from tests.contract.contract_abi import ContractAbi
from tests.contract.path import PPM, Paths, Step
from tests.contract.plan_case import ExpectedCall, PlanCase
from tests.contract.proof import Proof
from tests.contract.recording import Recording
from tests.contract.revert_payload import custom_errors
from tests.contracts.synthetix_v3.bench import Bench
from tests.keeper.venues.synthetix_v3.all_events import emit_all_events, recorded, recorded_options
from tests.keeper.venues.synthetix_v3.books import (
    ALICE,
    BOB,
    BTC,
    ETH,
    EXECUTOR,
    NO_CODE,
    PRICE_IDS,
    PRICES,
    SENDER,
    SETH,
    Desk,
    key_of,
    x18,
)
from tests.keeper.venues.synthetix_v3.ledger import SynthetixLedger
from tests.keeper.venues.synthetix_v3.random_walk import RandomWalk

_PAWNER, _DEBTOR, _COUNTERPARTY = 1_002, 1_003, 1_004
_PUSH_EVERY = 3
_MARGIN = 1_500.0
"""Of 10 ETH, not far above the requirement."""
_ABIS = [
    ContractAbi.read(name, recorded_options()[name], path)
    for name, path in (
        ("perps_market", "synthetix_v3/PerpsMarket.json"),
        ("pyth", "synthetix_v3/Pyth.json"),
        ("oracle_manager", "synthetix_v3/OracleManager.json"),
        ("usd_token", "devnet/TestToken.json"),
    )
]
_ERRORS = (
    "NotEligibleForLiquidation", "NotEligibleForMarginLiquidation", "AccountHasOpenPositions", "AccountLiquidatable", "FeatureUnavailable",
    "OrderNotValid", "SettlementWindowNotOpen", "SettlementWindowExpired", "PendingOrderExists", "AcceptablePriceExceeded",
    "AcceptablePriceNotExceeded", "InsufficientMargin", "InsufficientCollateralAvailableForWithdraw", "MaxOpenInterestReached",
    "ExceedsMarketCreditCapacity", "PermissionDenied", "InvalidMarket", "PriceFeedNotSet", "KeeperCostsNotSet", "NonexistentDebt",
)  # fmt: skip
"""What the perps market's calls revert with (npm @synthetixio/perps-market 3.13.0)."""
_ORACLE_ERRORS = ("OracleDataRequired", "NodeNotRegistered", "Errors")


class SynthetixPath(Desk):
    """A long and a short of one market, a long of the other on a synth, and a synth against a debt; somebody else trades."""

    def __init__(self, leverage_ppm: int) -> None:
        self._touched: set[AccountKey] = set()
        super().__init__()
        share = PPM / leverage_ppm
        self.deposit(ALICE, _MARGIN * share)
        self.deposit(BOB, _MARGIN * share)
        self.deposit(_PAWNER, 2 * share, SETH)
        self.deposit(_DEBTOR, 1, SETH)
        self.deposit(_COUNTERPARTY, 10**8)
        for account_id, size, market_id in ((ALICE, 10, ETH), (BOB, -10, ETH), (_PAWNER, 1, BTC)):
            self.trade(account_id, size, market_id=market_id, rate=x18(0.1))
        self.apply(log.OrderCancelled(ETH, _DEBTOR, 0, 0, 0, x18(2_000 / share), NO_CODE, SENDER))
        self.read()

    def apply(self, *events: Event) -> set[AccountKey]:
        """As the desk's; the accounts are noted."""
        touched = super().apply(*events)
        self._touched |= touched
        return touched

    def advance(self, step: Step) -> Set[AccountKey]:
        """The trade is at the price of before; both markets' prices move alike."""
        self._touched = set()
        self.block(step.seconds)
        if step.trade_ppm:
            self.trade(_COUNTERPARTY, 500 * step.trade_ppm / PPM, rate=x18(0.1))
        for market_id in (ETH, BTC):
            self.publish(market_id, self.prices[market_id] / 10**18 * (1 + step.price_ppm / PPM))
        self.read()
        return self._touched


def _plan_case(name: str, desk: Desk, signature: str) -> PlanCase:
    plan = desk.venue.plan(key_of(ALICE), desk.book, desk.now, EXECUTOR, NOTHING)
    assert isinstance(plan, LiquidationPlan), plan
    return PlanCase(name, plan.calls, desk.venue.rules(desk.book), [ExpectedCall(signature, (ALICE,))])


def _plans() -> Sequence[PlanCase]:
    positions, flagged, margin = Desk(), Desk(), Desk()
    for desk in (positions, flagged):
        desk.deposit(ALICE, 10)
        desk.trade(ALICE, 3)
    flagged.apply(log.AccountFlaggedForLiquidation(ALICE, 0, 0, 0, 0))
    margin.deposit(ALICE, 1, SETH)
    margin.apply(log.OrderCancelled(ETH, ALICE, 0, 0, 0, x18(2_475), NO_CODE, SENDER))
    for desk in (positions, flagged, margin):
        desk.read()
    quote = Quote(PriceId(PRICE_IDS[ETH]), PRICES[ETH], PRICES[ETH], 0, Timestamp(1), b"signed", 3)
    push = positions.venue.push([quote], positions.book)
    return (
        _plan_case("positions", positions, "liquidate(uint128)"),
        _plan_case("flagged", flagged, "liquidate(uint128)"),
        _plan_case("margin only", margin, "liquidateMarginOnly(uint128)"),
        PlanCase("signed price", push, positions.venue.rules(positions.book), [ExpectedCall("updatePriceFeeds(bytes[])", ((b"signed",),))]),
    )


def _ledger(devnet: SynthetixDevnet) -> SynthetixLedger:
    return SynthetixLedger.start(devnet.rpc, devnet.deployment)


class SynthetixWalk(RandomWalk):
    """Random prices and trading; the keeper liquidates whom he is told to."""

    def liquidate(self, key: AccountKey) -> None:
        """The positions, or failing those the margin: one of the calls reverts."""
        calls = (calldata(signature, int(key)) for signature in ("liquidate(uint128)", "liquidateMarginOnly(uint128)"))
        self.call(*[bytes.fromhex(call.removeprefix("0x")) for call in calls])


@contextmanager
def _walk(devnet: SynthetixDevnet, seed: int) -> Iterator[SynthetixWalk]:
    habits = Habits(push_every=_PUSH_EVERY)
    with SynthetixDriver(devnet.url, devnet.deployment, devnet.pythnet, habits) as driver:
        yield SynthetixWalk(devnet, driver, seed)


def _every_event(devnet: SynthetixDevnet) -> None:
    with Bench(devnet) as bench:
        emit_all_events(bench)


PROOF = Proof(
    options=recorded_options(),
    abis=_ABIS,
    recording=Recording("the devnet: npm @synthetixio/perps-market, with stand-ins for the core", recorded()),
    paths=Paths(SynthetixPath),
    plans=_plans(),
    reverts={**custom_errors(_ABIS[0].entries, _ERRORS), **custom_errors(_ABIS[2].entries, _ORACLE_ERRORS)},
    chain=Chain(
        origin="the devnet: npm @synthetixio/perps-market, with stand-ins for the core",
        fixture="synthetix_devnet",
        ledger=_ledger,
        walk=_walk,
        every_event=_every_event,
        walk_events={"OrderCommitted": 20, "OrderSettled": 20, "CollateralModified": 5, "PositionLiquidated": 3},
    ),
    limits=(
        "The core, the spot market, the account token and Pyth are stand-ins: events of the live proxy's account token (PermissionGranted, "
        "PermissionRevoked) and of its router (Upgraded, AssociatedSystemSet) never happen on the devnet.",
        "An account with orders that wait for their settlement is on the chain's random trading only, not on the random paths of weeks.",
    ),
)
