"""A step of the inventory as a plan of the executor, held to what the step may cost by the executor's own guard."""

from keeper.domain.account import AccountKey
from keeper.domain.calldata import Encoder
from keeper.domain.chain import Address
from keeper.domain.exchange import sale_calls
from keeper.domain.inventory import PayIn, Sale, Step
from keeper.domain.permission import OwnerCall
from keeper.domain.plan import CallPurpose, LiquidationCall, LiquidationPlan
from keeper.domain.venue import Book, Venue

GAS_OF_A_STEP = 1_500_000
"""A sale takes 0.2 M and a deposit 0.3 M; the executor values itself before and after at some 0.2 M each."""
_ENCODER = Encoder()


def inventory_plan(step: Step, executor: Address, venue: Venue, book: Book, unit_x18: int) -> LiquidationPlan:
    """A sale may cost what its slippage allows and the smallest part of the settlement token (`unit_x18`), paying in nothing."""
    match step:
        case Sale(exchange=exchange, amount_raw=amount, worth_x18=worth, least_x18=least):
            return _plan(executor, exchange.symbol, step.amount_x18, worth, sale_calls(exchange, amount), worth - least + unit_x18)
        case PayIn(amount_x18=amount):
            calls = tuple(_payment(call) for call in venue.top_up(book, amount))
            return _plan(executor, "margin", amount, amount, calls, 0)


def _plan(
    executor: Address, market: str, size_x18: int, worth_x18: int, calls: tuple[LiquidationCall, ...], most_loss_x18: int
) -> LiquidationPlan:
    return LiquidationPlan(
        account=AccountKey(executor),
        market=market,
        breach=None,
        size_x18=size_x18,
        notional_x18=worth_x18,
        expected_reward_x18=0,
        expected_cost_x18=most_loss_x18,
        capital_x18=0,
        gas_limit=GAS_OF_A_STEP,
        calls=calls,
        break_even_x18=-most_loss_x18,
    )


def _payment(call: OwnerCall) -> LiquidationCall:
    return LiquidationCall(call.target, _ENCODER.data(call.signature, *call.arguments), CallPurpose.PAY_IN)
