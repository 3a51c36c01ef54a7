"""The proof itself: what the entry point `perp_keeper.proofs` names."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from keeper.domain.account import AccountKey
from keeper.domain.chain import Address
from keeper.domain.fixed import X18
from keeper.domain.options import build
from keeper.domain.plan import LiquidationPlan
from keeper.domain.use import NOTHING
from tests.contract.chain import Chain
from tests.contract.contract_abi import ContractAbi
from tests.contract.path import PPM, Paths
from tests.contract.plan_case import ExpectedCall, PlanCase
from tests.contract.proof import Proof
from tests.contract.recording import Recording
from tests.contract.revert_payload import custom_errors
from tests.keeper.venues.ledger import VenueLedger
from toy_exchange.events import PriceRead
from toy_exchange.options import Options
from toy_exchange.state import ToyBook
from toy_exchange.venue import ToyExchange
from toy_exchange_proof.devnet import ARTIFACT, ToyDevnet, ToyWalk
from toy_exchange_proof.path import ToyPath
from toy_exchange_proof.recording import recorded, recorded_options

_ORIGIN = "a local chain: contracts/ToyExchange.sol"
_OPTIONS = build(Options, recorded_options())
_EXECUTOR = Address("0x" + "ee" * 20)
_ERRORS = ("NotOwner", "NoPosition", "PositionExists", "Undercollateralised", "Healthy")


def _plans() -> Sequence[PlanCase]:
    """The one kind there is: half of the price makes the first account liquidatable."""
    path, trader = ToyPath(_OPTIONS, PPM), AccountKey(f"0x{1:040x}")
    path.venue.apply(PriceRead(path.now, 50 * X18), path.book)
    plan = path.venue.plan(trader, path.book, path.now, _EXECUTOR, NOTHING)
    assert isinstance(plan, LiquidationPlan), plan
    return [PlanCase("position", plan.calls, path.venue.rules(path.book), [ExpectedCall("liquidate(address)", (trader,))])]


def _ledger(devnet: ToyDevnet) -> VenueLedger[ToyBook]:
    venue = ToyExchange(build(Options, {"exchange": devnet.exchange, "dollar": devnet.dollar}))
    ledger = VenueLedger(devnet.rpc, venue, venue.new_book())
    ledger.begin(0)
    return ledger


@contextmanager
def _walk(devnet: ToyDevnet, seed: int) -> Iterator[ToyWalk]:
    yield ToyWalk(devnet, seed)


PROOF = Proof(
    options=recorded_options(),
    abis=[ContractAbi("exchange", _OPTIONS.exchange, ARTIFACT["abi"])],
    recording=Recording(_ORIGIN, recorded()),
    paths=Paths(partial(ToyPath, _OPTIONS)),
    plans=_plans(),
    reverts=custom_errors(ARTIFACT["abi"], _ERRORS),
    chain=Chain(
        origin=_ORIGIN,
        fixture="toy_devnet",
        ledger=_ledger,
        walk=_walk,
        every_event=ToyDevnet.every_event,
        walk_events={"PositionOpened": 10, "PositionClosed": 3, "PositionLiquidated": 5, "BorrowRateSet": 3},
    ),
)
