"""What an account's margin is made of and what moves each part (Vault, AccountBalance, Funding). USD X18."""

from collections.abc import Iterator

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.fixed import X18, mul_div, mul_ratio
from keeper.domain.views import RiskFactor
from keeper.venues.perp_v2 import funding, orders
from keeper.venues.perp_v2.margin import collateral_worth, margin_of
from keeper.venues.perp_v2.state import PerpBook, parameters, reads_at
from keeper.venues.perp_v2.views import name_of


def risk_factors(key: AccountKey, book: PerpBook, now: Timestamp) -> Iterator[RiskFactor]:
    """Margin that nothing moves (with funding and fees up to `now`), then by market its price and its funding, then other tokens."""
    account, reads, params = book.accounts[key], reads_at(book, now), parameters(book)
    margin = margin_of(account, book, now)
    if margin is None:
        return
    yield RiskFactor("settlement margin", margin.settlement_balance)
    for base_token, position in account.positions.items():
        market, name = reads.markets[base_token], name_of(base_token, book.markets[base_token])
        size = orders.total_size(position, market.sqrt_price_x96)
        value = mul_div(size, market.price_x18, X18)
        requirement = mul_ratio(abs(value), params.config.mm_ratio)
        yield RiskFactor(f"price of {name}", value + orders.net_quote(position, market.sqrt_price_x96) - requirement)
        yield RiskFactor(f"funding of {name}", 0, -funding.payment(size, market.premium_x96 * funding.PERIOD_SECONDS, 0))
    for token, amount in account.collateral.items():
        collateral = params.collaterals[token]
        worth = collateral_worth(amount, reads.collaterals[token].twap, collateral)
        yield RiskFactor(f"price of {collateral.name or token}", mul_ratio(worth, collateral.collateral_ratio))
