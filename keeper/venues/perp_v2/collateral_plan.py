"""Buying a breached account's collateral at a discount (Vault.liquidateCollateral) with margin taken out of the Vault for it."""

from dataclasses import dataclass

from keeper.domain.account import AccountKey
from keeper.domain.calldata import Encoder
from keeper.domain.chain import Address, Timestamp
from keeper.domain.fixed import RATIO, mul_ratio
from keeper.domain.health import Breach
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.plan import CallPurpose, LiquidationCall, LiquidationPlan, NoPlan
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import Use
from keeper.venues.perp_v2.margin import Margin, collateral_worth, debt_value, power_of_ten
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.rules import APPROVE, LIQUIDATE_COLLATERAL, WITHDRAW
from keeper.venues.perp_v2.state import Account, ChainReads, Collateral, Parameters, PerpBook, parameters, reads_at

GAS_COLLATERAL = 3_000_000
"""liquidateCollateral about 1.0 M, withdraw up to 1.0 M more for an executor with positions, approve 0.05 M."""
_ROOM_RATIO = 980_000
"""The maximum moves with the TWAP every second; 2 % are left so that it is not exceeded in the next block."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """One collateral token: what is paid (settlement units), what comes for it (token units), both at today's prices in USD X18."""

    token: str
    paid_raw: int
    received_raw: int
    received_x18: int
    paid_x18: int


def plan(options: Options, encoder: Encoder, key: AccountKey, margin: Margin, book: PerpBook, now: Timestamp) -> LiquidationPlan | NoPlan:
    """The purchase that gains most at the newest price; not the TWAP, which lags behind a fall and can make the discount a loss."""
    account, params, reads = book.accounts[key], parameters(book), reads_at(book, now)
    if params.config.vault_paused:
        return NoPlan(SkipReason.MARKET_NOT_OPEN, "Vault is paused")
    debt = debt_value(account, reads)
    if debt is None:
        return NoPlan(SkipReason.PRICE_UNAVAILABLE)
    choices = [choice for token in account.collateral if (choice := _choice(token, account, margin, debt, params, reads)) is not None]
    if not choices:
        return NoPlan(SkipReason.NO_POSITION, "nothing to repay")
    best = max(choices, key=lambda choice: (choice.received_x18 - choice.paid_x18, choice.token))
    collateral = params.collaterals[best.token]
    if best.received_x18 <= best.paid_x18:
        return NoPlan(SkipReason.NO_PROFITABLE_SIZE, f"{collateral.name}: the newest price is below the discounted TWAP")
    return LiquidationPlan(
        account=key,
        market=collateral.name or best.token,
        breach=Breach.COLLATERAL,
        size_x18=collateral_x18(best.received_raw, collateral),
        notional=Usd18(best.paid_x18),
        expected_reward=Usd18(best.received_x18 - best.paid_x18),
        expected_cost=ZERO_USD,
        capital=Usd18(best.paid_x18),
        gas_limit=GAS_COLLATERAL,
        calls=_calls(options, encoder, key, best, params.settlement_token),
        use=Use(capital=Usd18(best.paid_x18)),
    )


def _calls(options: Options, encoder: Encoder, key: AccountKey, best: _Choice, settlement: Address) -> tuple[LiquidationCall, ...]:
    purpose = CallPurpose.LIQUIDATE_COLLATERAL
    return (
        LiquidationCall(options.vault, encoder.data(WITHDRAW, settlement, best.paid_raw), purpose),
        LiquidationCall(settlement, encoder.data(APPROVE, options.vault, best.paid_raw), purpose),
        LiquidationCall(
            options.vault,
            encoder.data(LIQUIDATE_COLLATERAL, key, best.token, best.paid_raw, 1),
            purpose,
        ),
    )


def _choice(token: str, account: Account, margin: Margin, debt: int, params: Parameters, reads: ChainReads) -> _Choice | None:
    collateral, prices = params.collaterals[token], reads.collaterals[token]
    most_raw = max_repaid_raw(account.collateral[token], prices.twap, margin, debt, collateral, params)
    paid_raw = mul_ratio(most_raw, _ROOM_RATIO)
    discounted = mul_ratio(prices.twap, RATIO - collateral.discount_ratio)
    if paid_raw == 0 or discounted == 0 or prices.spot == 0:
        return None
    received = collateral_for(paid_raw * params.settlement_unit, discounted, collateral)
    worth = collateral_worth(received, prices.spot, collateral)
    return _Choice(token, paid_raw, received, worth, paid_raw * params.settlement_unit)


def max_repaid_raw(balance_raw: int, twap: int, margin: Margin, debt: int, collateral: Collateral, params: Parameters) -> int:
    """Vault.getMaxRepaidSettlementAndLiquidatableCollateral: the most settlement token one purchase may pay, raw."""
    config = params.config
    most_debt = max(-margin.settlement_token_value, 0, mul_ratio(debt, config.im_ratio))
    dust = config.collateral_value_dust * params.settlement_unit
    repaid = mul_ratio(most_debt, config.liquidation_ratio) if most_debt > dust else most_debt
    most = repaid * RATIO // (RATIO - config.cl_insurance_fund_fee_ratio)
    discounted = mul_ratio(twap, RATIO - collateral.discount_ratio)
    if discounted and collateral_for(most, discounted, collateral) > balance_raw:
        most = collateral_worth(balance_raw, discounted, collateral)
    return most // params.settlement_unit


def collateral_for(settlement_x18: int, price: int, collateral: Collateral) -> int:
    """Vault._getCollateralBySettlement: token units for this much USD at a price in the feed's decimals."""
    decimals, feed_unit = collateral.decimals or 0, power_of_ten(collateral.feed_decimals or 0)
    if decimals > 18:
        return -(-settlement_x18 * power_of_ten(decimals - 18) * feed_unit // price)
    return -(-settlement_x18 * feed_unit // price) // power_of_ten(18 - decimals)


def collateral_x18(amount_raw: int, collateral: Collateral) -> int:
    """A token amount in 18 decimals."""
    decimals = collateral.decimals or 0
    if decimals > 18:
        return amount_raw // power_of_ten(decimals - 18)
    return amount_raw * power_of_ten(18 - decimals)
