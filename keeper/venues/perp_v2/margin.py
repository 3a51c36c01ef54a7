"""What an account is worth and what it must be worth, rounded as the contracts round (Vault, AccountBalance)."""

from dataclasses import dataclass

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.fixed import X18, mul_div, mul_ratio
from keeper.domain.health import Breach, Health
from keeper.domain.journal import Moment
from keeper.domain.money import Usd18
from keeper.venues.perp_v2 import funding, orders
from keeper.venues.perp_v2.state import (
    Account,
    ChainReads,
    Collateral,
    Inspection,
    Parameters,
    PerpBook,
    parameters,
    reads_at,
)


@dataclass(frozen=True, slots=True)
class Margin:
    """One account's figures at one time, USD X18, before the Vault's final rounding to settlement units."""

    settlement_balance: int
    unrealized_pnl: int
    collateral_value: int
    abs_position_value: int

    @property
    def settlement_token_value(self) -> int:
        """Vault._getSettlementTokenValue."""
        return self.settlement_balance + self.unrealized_pnl

    @property
    def total_collateral(self) -> int:
        """Settlement balance plus other tokens at their ratios."""
        return self.settlement_balance + self.collateral_value

    @property
    def account_value(self) -> int:
        """Vault._getAccountValueAndTotalCollateralValue."""
        return self.total_collateral + self.unrealized_pnl


def margin_of(account: Account, book: PerpBook, now: Timestamp) -> Margin | None:
    """The account's figures at `now`; None while a price it needs is missing (the contract reverts then).

    Raises KeyError where the book has no reads for `now`."""
    reads, params = reads_at(book, now), parameters(book)
    values = _positions(account, reads)
    collateral = collateral_value(account, params, reads)
    if values is None or collateral is None:
        return None
    unrealized, absolute = values
    fee, owed_funding = _fee_and_funding(account, reads, book.moment, now)
    balance = account.balance_raw * params.settlement_unit + fee - owed_funding + account.owed_x18
    return Margin(balance, unrealized, collateral, absolute)


def health_of(key: AccountKey, book: PerpBook, now: Timestamp) -> Health:
    """The tests of ClearingHouse._isLiquidatable and Vault.isLiquidatable. All zero while a price is missing: nobody can act then."""
    account, params = book.accounts[key], parameters(book)
    margin = margin_of(account, book, now)
    if margin is None:
        return Health(Usd18(0), Usd18(0), None)
    equity = margin.account_value // params.settlement_unit * params.settlement_unit
    requirement = mul_ratio(margin.abs_position_value, params.config.mm_ratio)
    return Health(Usd18(equity), Usd18(requirement), _breach(account, params, margin, equity < requirement))


def _breach(account: Account, params: Parameters, margin: Margin, below: bool) -> Breach | None:
    if below and account.positions:
        return Breach.POSITIONS
    if account.collateral and is_collateral_liquidatable(margin, params, account.debt_threshold_raw):
        return Breach.COLLATERAL
    return None


def is_collateral_liquidatable(margin: Margin, params: Parameters, own_threshold_raw: int) -> bool:
    """Vault.isLiquidatable for an account with collateral other than the settlement token."""
    config = params.config
    if margin.account_value < mul_ratio(margin.abs_position_value, config.mm_ratio + config.mm_ratio_buffer):
        return True
    debt = max(0, -margin.settlement_token_value)
    if debt > mul_ratio(margin.collateral_value, config.debt_ratio):
        return True
    return debt // params.settlement_unit > (own_threshold_raw or config.debt_threshold)


def collateral_value(account: Account, params: Parameters, reads: ChainReads) -> int | None:
    """Vault._getNonSettlementTokenValue, X18; None while a price is missing."""
    total = 0
    for token, amount in account.collateral.items():
        collateral, prices = params.collaterals[token], reads.collaterals.get(token)
        if prices is None:
            return None
        total += mul_ratio(collateral_worth(amount, prices.twap, collateral), collateral.collateral_ratio)
    return total


def collateral_worth(amount_raw: int, price: int, collateral: Collateral) -> int:
    """Vault._getSettlementByCollateral: token units to USD X18 at a price in the feed's decimals."""
    decimals, feed_unit = collateral.decimals or 0, power_of_ten(collateral.feed_decimals or 0)
    if decimals > 18:
        return amount_raw * price // feed_unit // power_of_ten(decimals - 18)
    return amount_raw * power_of_ten(18 - decimals) * price // feed_unit


def power_of_ten(exponent: int) -> int:
    """10 ** exponent for an exponent that is not negative."""
    power: int = 10**exponent
    return power


def inspection_for(account: Account, moment: Moment, now: Timestamp) -> Inspection | None:
    """What `inspect` told for this block and time; None before that."""
    for inspection in account.inspections:
        if inspection.block == moment.number and inspection.timestamp == now:
            return inspection
    return None


def free_collateral(account: Account, book: PerpBook, now: Timestamp, ratio: int) -> int | None:
    """Vault._getFreeCollateralByRatio, X18; None while a price is missing."""
    margin = margin_of(account, book, now)
    debt = debt_value(account, reads_at(book, now))
    if margin is None or debt is None:
        return None
    return min(margin.total_collateral, margin.account_value) - mul_ratio(debt, ratio)


def debt_value(account: Account, reads: ChainReads) -> int | None:
    """AccountBalance.getTotalDebtValue, X18."""
    base_debt = quote = 0
    for base_token, position in account.positions.items():
        market = reads.markets.get(base_token)
        if market is None:
            return None
        base_debt += min(0, mul_div(position.size - position.base_debt, market.price_x18, X18))
        quote += position.open_notional - position.quote_debt
    return -(min(0, quote) + base_debt)


def _positions(account: Account, reads: ChainReads) -> tuple[int, int] | None:
    """(unrealised pnl, sum of absolute position values)."""
    unrealized = absolute = 0
    for base_token, position in account.positions.items():
        market = reads.markets.get(base_token)
        if market is None:
            return None
        value = mul_div(orders.total_size(position, market.sqrt_price_x96), market.price_x18, X18)
        unrealized += value + orders.net_quote(position, market.sqrt_price_x96)
        absolute += abs(value)
    return unrealized, absolute


def _fee_and_funding(account: Account, reads: ChainReads, moment: Moment, now: Timestamp) -> tuple[int, int]:
    """(pending fee, pending funding). For accounts with orders from the inspection; the last one known until a new one came."""
    if account.is_maker:
        inspection = inspection_for(account, moment, now) or (account.inspections[-1] if account.inspections else None)
        return (inspection.pending_fee, inspection.pending_funding) if inspection else (0, 0)
    return 0, sum(
        funding.payment(position.size, reads.markets[base_token].growth_x96, position.growth_x96)
        for base_token, position in account.positions.items()
    )
