"""A step of the inventory as a plan of the executor, held to what the step may cost by the executor's own guard."""

from keeper.domain.account import AccountKey
from keeper.domain.calldata import Encoder
from keeper.domain.chain import Address
from keeper.domain.exchange import sale_calls
from keeper.domain.inventory import PayIn, Sale, Step
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.permission import OwnerCall
from keeper.domain.plan import CallPurpose, LiquidationCall, LiquidationPlan
from keeper.domain.venue import Book, Venue

GAS_OF_A_STEP = 1_500_000
"""A sale takes 0.2 M and a deposit 0.3 M; the executor values itself before and after at some 0.2 M each."""
_ENCODER = Encoder()


def inventory_plan(step: Step, executor: Address, venue: Venue, book: Book, unit: Usd18) -> LiquidationPlan:
    """A sale may cost what its slippage allows and the smallest part of the settlement token (`unit`), paying in nothing."""
    match step:
        case Sale(exchange=exchange, amount_raw=amount_raw, worth=worth, least=least):
            return _plan(executor, exchange.symbol, step.amount_x18, worth, sale_calls(exchange, amount_raw), worth - least + unit)
        case PayIn(amount=amount):
            calls = tuple(_payment(call) for call in venue.top_up(book, amount))
            return _plan(executor, "margin", amount.raw, amount, calls, ZERO_USD)


def _plan(
    executor: Address, market: str, size_x18: int, worth: Usd18, calls: tuple[LiquidationCall, ...], most_loss: Usd18
) -> LiquidationPlan:
    return LiquidationPlan(
        account=AccountKey(executor),
        market=market,
        breach=None,
        size_x18=size_x18,
        notional=worth,
        expected_reward=ZERO_USD,
        expected_cost=most_loss,
        capital=ZERO_USD,
        gas_limit=GAS_OF_A_STEP,
        calls=calls,
        break_even=-most_loss,
    )


def _payment(call: OwnerCall) -> LiquidationCall:
    return LiquidationCall(call.target, _ENCODER.data(call.signature, *call.arguments), CallPurpose.PAY_IN)
