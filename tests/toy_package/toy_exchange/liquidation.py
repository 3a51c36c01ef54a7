"""The plan for a position in breach: one call, which closes all of it and pays a hundredth of its value to the caller."""

from collections.abc import Sequence

from keeper.domain.account import AccountKey
from keeper.domain.calldata import Encoder, word
from keeper.domain.chain import Timestamp
from keeper.domain.health import Breach
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.permission import CallRule, Valuer
from keeper.domain.plan import CallPurpose, LiquidationCall, LiquidationPlan, NoPlan
from keeper.domain.skip_reason import SkipReason
from toy_exchange.margin import health_of, margin_of
from toy_exchange.options import Options
from toy_exchange.reads import LIQUIDATE
from toy_exchange.state import MARKET, ToyBook

_REWARD_DIVISOR = 100
_GAS_LIMIT = 200_000


def plan(options: Options, encoder: Encoder, key: AccountKey, book: ToyBook, now: Timestamp) -> LiquidationPlan | NoPlan:
    """What to do about the account at `now`; nothing about one that is healthy or gone."""
    if key not in book.accounts or not health_of(key, book, now).liquidatable:
        return NoPlan(SkipReason.NO_POSITION)
    notional = margin_of(key, book, now).value
    call = LiquidationCall(options.exchange, encoder.data(LIQUIDATE, key), CallPurpose.LIQUIDATE)
    return LiquidationPlan(
        account=key,
        market=MARKET,
        breach=Breach.POSITIONS,
        size_x18=book.accounts[key].size,
        notional=Usd18(notional),
        expected_reward=Usd18(notional // _REWARD_DIVISOR),
        expected_cost=ZERO_USD,
        capital=ZERO_USD,
        gas_limit=_GAS_LIMIT,
        calls=(call,),
    )


def rules(options: Options) -> Sequence[CallRule]:
    """Anybody may be liquidated; the reward goes to the caller."""
    return (CallRule(options.exchange, LIQUIDATE, ((),)),)


def valuer(options: Options, encoder: Encoder) -> Valuer:
    """contracts/ToyValuer.sol over this deployment's dollar."""
    answers = ((encoder.data("dollar()"), word(options.dollar)),)
    return Valuer("ToyValuer", "toy_exchange", (("address", options.dollar),), answers)
