"""Events into the book. The rules are those of the contracts' own bookkeeping; each function names where they are."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from keeper.domain.account import AccountKey
from keeper.venues.synthetix_v3 import apply_config, apply_liquidation, apply_reads, log_events, parameter_events, read_events
from keeper.venues.synthetix_v3.account_event import account_key
from keeper.venues.synthetix_v3.accounts import account_of, charged, keep, market_of, with_collateral, with_position
from keeper.venues.synthetix_v3.funding import recomputed
from keeper.venues.synthetix_v3.interest import updated
from keeper.venues.synthetix_v3.log_events import (
    AccountCharged,
    AccountCreated,
    CollateralModified,
    DebtPaid,
    InterestCharged,
    InterestRateUpdated,
    MarketUpdated,
    OrderCancelled,
    OrderCommitted,
    OrderSettled,
    PreviousOrderExpired,
    PriceFeedUpdate,
    UsdMinted,
)
from keeper.venues.synthetix_v3.oracle import recomputed_at_oracle
from keeper.venues.synthetix_v3.state import INTEREST, Order, Position, PythPrice, SynthetixBook, interest_rate, parameters

Touched: TypeAlias = frozenset[AccountKey]
"""The accounts that must be looked at again."""
Handler: TypeAlias = Callable[[Any, SynthetixBook], Touched]

_NONE: Touched = frozenset()


def _no_effect(event: AccountCreated | AccountCharged | InterestCharged | UsdMinted, book: SynthetixBook) -> Touched:
    """Other events of the same transaction carry the effect, or there is none."""
    return _NONE


def _collateral_modified(event: CollateralModified, book: SynthetixBook) -> Touched:
    """PerpsAccountModule.modifyCollateral."""
    key = account_key(event.account_id)
    return keep(book, key, with_collateral(account_of(book, key), str(event.collateral_id), event.amount_delta))


def _debt_paid(event: DebtPaid, book: SynthetixBook) -> Touched:
    """PerpsAccount.payDebt. The interest of the same call comes with an event of its own."""
    key = account_key(event.account_id)
    account = account_of(book, key)
    return keep(book, key, replace(account, debt=account.debt - event.amount))


def _order_committed(event: OrderCommitted, book: SynthetixBook) -> Touched:
    """AsyncOrder.updateValid; AsyncOrder.validateRequest recomputes the funding."""
    key, market_id = account_key(event.account_id), str(event.market_id)
    book.markets[market_id] = recomputed_at_oracle(market_of(book, market_id), book)
    order = Order(market_id, event.size_delta, event.settlement_time, event.expiration_time)
    return keep(book, key, replace(account_of(book, key), order=order))


def _order_expired(event: PreviousOrderExpired, book: SynthetixBook) -> Touched:
    """AsyncOrderModule.commitOrder."""
    key = account_key(event.account_id)
    return keep(book, key, replace(account_of(book, key), order=None))


def _order_settled(event: OrderSettled, book: SynthetixBook) -> Touched:
    """AsyncOrderSettlementPythModule._settleOrder: market and interest were updated by the MarketUpdated before."""
    key, market_id = account_key(event.account_id), str(event.market_id)
    market = market_of(book, market_id)
    account = replace(charged(account_of(book, key), event.pnl - event.total_fees), order=None)
    position = Position(event.new_size, event.fill_price, market.last_funding_value, interest_rate(book).accrued, market.guesses)
    return keep(book, key, with_position(account, market_id, position if event.new_size else None))


def _order_cancelled(event: OrderCancelled, book: SynthetixBook) -> Touched:
    """AsyncOrderCancelModule._cancelOrder: the account pays the keeper."""
    key = account_key(event.account_id)
    return keep(book, key, replace(charged(account_of(book, key), -event.settlement_reward), order=None))


def _market_updated(event: MarketUpdated, book: SynthetixBook) -> Touched:
    """PerpsMarket.recomputeFunding at the skew before, then PerpsMarket.updatePositionData, which updates the interest too."""
    market_id = str(event.market_id)
    market = recomputed(market_of(book, market_id), event.price, book.moment.timestamp)
    book.markets[market_id] = replace(market, skew=event.skew, size=event.size, price=event.price)
    _update_interest(event.interest_rate, book)
    return _NONE


def _interest_rate_updated(event: InterestRateUpdated, book: SynthetixBook) -> Touched:
    """InterestRate.update outside of a trade."""
    _update_interest(event.interest_rate, book)
    return _NONE


def _update_interest(rate: int, book: SynthetixBook) -> None:
    book.interest[INTEREST] = updated(interest_rate(book), rate, parameters(book).interest, book.moment.timestamp)


def _price_feed_update(event: PriceFeedUpdate, book: SynthetixBook) -> Touched:
    """Pyth.updateLatestPriceIfNecessary. Makes nobody due: the block's reads tell what the market's price became."""
    newest = book.prices.get(event.price_id)
    if newest is None or event.publish_time > newest.publish_time:
        book.prices[event.price_id] = PythPrice(event.price, event.publish_time)
    return _NONE


HANDLERS: Mapping[type, Handler] = {
    AccountCreated: _no_effect,
    AccountCharged: _no_effect,
    InterestCharged: _no_effect,
    UsdMinted: _no_effect,
    CollateralModified: _collateral_modified,
    DebtPaid: _debt_paid,
    OrderCommitted: _order_committed,
    PreviousOrderExpired: _order_expired,
    OrderSettled: _order_settled,
    OrderCancelled: _order_cancelled,
    MarketUpdated: _market_updated,
    InterestRateUpdated: _interest_rate_updated,
    PriceFeedUpdate: _price_feed_update,
    log_events.AccountFlaggedForLiquidation: apply_liquidation.account_flagged,
    log_events.PositionLiquidated: apply_liquidation.position_liquidated,
    log_events.AccountLiquidationAttempt: apply_liquidation.account_liquidation_attempt,
    log_events.AccountMarginLiquidation: apply_liquidation.account_margin_liquidation,
    log_events.NodeRegistered: apply_config.node_read,
    parameter_events.MarketCreated: apply_config.market_created,
    parameter_events.MarketPriceDataUpdated: apply_config.market_price_data_updated,
    parameter_events.OrderFeesSet: apply_config.order_fees_set,
    parameter_events.FundingParametersSet: apply_config.funding_parameters_set,
    parameter_events.LiquidationParametersSet: apply_config.liquidation_parameters_set,
    parameter_events.MaxLiquidationParametersSet: apply_config.max_liquidation_parameters_set,
    parameter_events.LockedOiRatioSet: apply_config.locked_oi_ratio_set,
    parameter_events.CollateralConfigurationSet: apply_config.collateral_configuration_set,
    parameter_events.CollateralLiquidateRewardRatioSet: apply_config.collateral_liquidate_reward_ratio_set,
    parameter_events.KeeperRewardGuardsSet: apply_config.keeper_reward_guards_set,
    parameter_events.KeeperCostNodeIdUpdated: apply_config.keeper_cost_node_id_updated,
    parameter_events.InterestRateParametersSet: apply_config.interest_rate_parameters_set,
    parameter_events.FeatureFlagAllowAllSet: apply_config.feature_flag_allow_all_set,
    parameter_events.FeatureFlagDenyAllSet: apply_config.feature_flag_deny_all_set,
    read_events.NodeRead: apply_config.node_read,
    read_events.PriceExponentRead: apply_config.price_exponent_read,
    read_events.CollateralDescribed: apply_config.collateral_described,
    read_events.MarketRead: apply_reads.market_read,
    read_events.CollateralRead: apply_reads.collateral_read,
    read_events.MarketQuoted: apply_reads.market_quoted,
    read_events.CollateralQuoted: apply_reads.collateral_quoted,
    read_events.KeeperCostsRead: apply_reads.keeper_costs_read,
    read_events.PositionRead: apply_reads.position_read,
}
"""What to do with each event class."""
