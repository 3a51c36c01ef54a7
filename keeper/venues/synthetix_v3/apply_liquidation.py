"""Liquidations into the book (LiquidationModule, PerpsAccount.flagForLiquidation and liquidatePosition)."""

from dataclasses import replace

from keeper.domain.account import AccountKey
from keeper.errors import StateDivergence
from keeper.venues.synthetix_v3.account_event import account_key
from keeper.venues.synthetix_v3.accounts import account_of, keep, market_of, with_position
from keeper.venues.synthetix_v3.log_events import (
    AccountFlaggedForLiquidation,
    AccountLiquidationAttempt,
    AccountMarginLiquidation,
    PositionLiquidated,
)
from keeper.venues.synthetix_v3.oracle import recomputed_at_oracle
from keeper.venues.synthetix_v3.state import Position, SynthetixBook, interest_rate
from keeper.venues.synthetix_v3.window import with_liquidation


def account_flagged(event: AccountFlaggedForLiquidation, book: SynthetixBook) -> frozenset[AccountKey]:
    """All collateral is seized, debt and order are cleared."""
    key = account_key(event.account_id)
    return keep(book, key, replace(account_of(book, key), collateral={}, debt=0, order=None, flagged=True))


def position_liquidated(event: PositionLiquidated, book: SynthetixBook) -> frozenset[AccountKey]:
    """What is left of the position starts anew at the price of the MarketUpdated before; its pnl so far is gone with the margin."""
    key, market_id = account_key(event.account_id), str(event.market_id)
    account, market = account_of(book, key), market_of(book, market_id)
    if market_id not in account.positions:
        raise StateDivergence(f"account {key} was liquidated in market {market_id} without a position in the book")
    book.markets[market_id] = with_liquidation(market, event.amount_liquidated, book.moment.timestamp)
    size = event.current_position_size
    position = Position(size, market.price, market.last_funding_value, interest_rate(book).accrued, market.guesses)
    return keep(book, key, with_position(account, market_id, position if size else None))


def account_liquidation_attempt(event: AccountLiquidationAttempt, book: SynthetixBook) -> frozenset[AccountKey]:
    """The funding of markets whose window was used up was recomputed too, without a MarketUpdated."""
    key = account_key(event.account_id)
    account = account_of(book, key)
    for market_id in account.positions:
        book.markets[market_id] = recomputed_at_oracle(market_of(book, market_id), book)
    return keep(book, key, replace(account, flagged=account.flagged and not event.full_liquidation))


def account_margin_liquidation(event: AccountMarginLiquidation, book: SynthetixBook) -> frozenset[AccountKey]:
    """LiquidationModule.liquidateMarginOnly."""
    key = account_key(event.account_id)
    return keep(book, key, replace(account_of(book, key), collateral={}, debt=0, order=None))
