"""What an account's margin is made of and what moves each part (PerpsAccount.sol, Position.sol, PerpsMarket.sol). USD."""

from collections.abc import Iterator

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.fixed import X18
from keeper.domain.views import RiskFactor
from keeper.venues.synthetix_v3.decimal_math import mul_decimal
from keeper.venues.synthetix_v3.funding import funding_rate
from keeper.venues.synthetix_v3.interest import interest_per_day
from keeper.venues.synthetix_v3.margin import discount, margin_of, pnl_of, position_margin
from keeper.venues.synthetix_v3.state import SNX_USD, Account, SynthetixBook, interest_rate, parameters, reads_at
from keeper.venues.synthetix_v3.views import name_of


def risk_factors(key: AccountKey, book: SynthetixBook, now: Timestamp) -> Iterator[RiskFactor]:
    """snxUSD less debt, then by market its price, funding and interest, then synths, and the keeper's reward, which costs of gas move."""
    account = book.accounts[key]
    margin = margin_of(account, book, now)
    if margin is None:
        return
    yield RiskFactor("snxUSD margin", account.collateral.get(SNX_USD, 0) - account.debt)
    for market_id in account.positions:
        yield from _of_position(account, market_id, book, now)
    yield from _of_synths(account, book, now)
    if account.positions:
        yield RiskFactor("reward of the keeper", -margin.reward)


def _of_position(account: Account, market_id: str, book: SynthetixBook, now: Timestamp) -> Iterator[RiskFactor]:
    position, market, reads = account.positions[market_id], book.markets[market_id], reads_at(book, now)
    name, configuration = name_of(market_id, market), market.configuration
    figures = position_margin(position, configuration, reads.markets[market_id], reads.next_interest)
    funding = pnl_of(account, market_id, figures, book.moment, now) - figures.price_pnl + figures.interest
    funding_per_day = -mul_decimal(mul_decimal(position.size, funding_rate(market, now)), reads.markets[market_id].price)
    locked = mul_decimal(figures.notional, configuration.locked_oi_ratio)
    yield RiskFactor(f"price of {name}", figures.price_pnl - figures.maintenance)
    yield RiskFactor(f"funding of {name}", funding, funding_per_day)
    yield RiskFactor(f"interest on {name}", -figures.interest, -mul_decimal(locked, interest_per_day(interest_rate(book))))


def _of_synths(account: Account, book: SynthetixBook, now: Timestamp) -> Iterator[RiskFactor]:
    for collateral_id, amount in account.collateral.items():
        if collateral_id == SNX_USD:
            continue
        configuration, synth = parameters(book).collaterals[collateral_id], reads_at(book, now).collaterals[collateral_id]
        worth = mul_decimal(mul_decimal(amount, synth.price), X18 - discount(amount, configuration, synth))
        yield RiskFactor(f"price of {configuration.symbol or f'synth {collateral_id}'}", worth)
