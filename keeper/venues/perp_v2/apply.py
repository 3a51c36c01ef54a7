"""Events into the book. The rules are those of the contracts' own bookkeeping; each function names where they are."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from keeper.domain.account import AccountKey
from keeper.errors import StateDivergence
from keeper.venues.perp_v2 import apply_config, apply_reads, funding, log_events, read_events, ticks
from keeper.venues.perp_v2.accounts import account_of, flatten_dust, keep, with_position
from keeper.venues.perp_v2.log_events import (
    BadDebtSettled,
    CollateralLiquidated,
    Deposited,
    FundingPaymentSettled,
    FundingUpdated,
    LiquidityChanged,
    PnlRealized,
    PositionChanged,
    PositionClosed,
    PositionLiquidated,
    Withdrawn,
)
from keeper.venues.perp_v2.state import Account, Market, Order, PerpBook, Position, parameters

Touched: TypeAlias = frozenset[AccountKey]
"""The accounts that must be looked at again."""
Handler: TypeAlias = Callable[[Any, PerpBook], Touched]

_NONE: Touched = frozenset()
_TICK_SECONDS = 15
"""Exchange._PRICE_LIMIT_INTERVAL."""


def handlers(insurance_fund: AccountKey) -> Mapping[type, Handler]:
    """What to do with each event class."""

    def bad_debt(event: BadDebtSettled, book: PerpBook) -> Touched:
        return _bad_debt_settled(event, book, insurance_fund)

    def collateral(event: CollateralLiquidated, book: PerpBook) -> Touched:
        return _collateral_liquidated(event, book, insurance_fund)

    return {
        PositionChanged: _position_changed,
        PositionLiquidated: _no_effect,
        PositionClosed: _position_closed,
        FundingPaymentSettled: _funding_payment_settled,
        LiquidityChanged: _liquidity_changed,
        PnlRealized: _pnl_realized,
        Deposited: _deposited,
        Withdrawn: _withdrawn,
        CollateralLiquidated: collateral,
        BadDebtSettled: bad_debt,
        FundingUpdated: _funding_updated,
        log_events.PoolAdded: apply_config.pool_added,
        log_events.CollateralAdded: apply_config.collateral_added,
        log_events.PriceFeedChanged: apply_config.price_feed_changed,
        log_events.WhitelistedDebtThresholdChanged: apply_config.debt_threshold_changed,
        log_events.ConfigChanged: apply_config.config_changed,
        log_events.MarketConfigChanged: apply_config.market_config_changed,
        log_events.CollateralConfigChanged: apply_config.collateral_config_changed,
        read_events.ConfigRead: apply_config.config_read,
        read_events.MarketNamed: apply_config.market_named,
        read_events.CollateralDescribed: apply_config.collateral_described,
        read_events.MarketRead: apply_reads.market_read,
        read_events.CollateralRead: apply_reads.collateral_read,
        read_events.InsuranceFundRead: apply_reads.insurance_fund_read,
        read_events.MakerRead: apply_reads.maker_read,
        read_events.PositionGrowthRead: apply_reads.position_growth_read,
        read_events.MarketGrowthRead: apply_reads.market_growth_read,
        read_events.MarketSettledRead: apply_reads.market_settled_read,
    }


def _no_effect(event: PositionLiquidated, book: PerpBook) -> Touched:
    """The two PositionChanged and the PnlRealized around it carry the effect."""
    return _NONE


def _position_changed(event: PositionChanged, book: PerpBook) -> Touched:
    """ClearingHouse._openPosition, _modifyPositionAndRealizePnl: funding was settled first, dust is deregistered after."""
    key, market = AccountKey(event.trader), _market(book, event.base_token)
    account = account_of(book, key)
    old = account.positions.get(event.base_token)
    size = (old.size if old else 0) + event.exchanged_position_size
    position = Position(size, event.open_notional, market.growth_x96, book.moment.timestamp, old.orders if old else {})
    position_after = flatten_dust(position)
    keep(book, key, with_position(account, event.base_token, position_after))
    is_first_trade = event.fee > 0 and market.first_traded_at == 0
    book.markets[event.base_token] = _resized(
        market,
        old.size if old else 0,
        position_after.size if position_after else 0,
        sqrt_price_x96=event.sqrt_price_after_x96,
        first_traded_at=book.moment.timestamp if is_first_trade else market.first_traded_at,
    )
    return frozenset((key,))


def _position_closed(event: PositionClosed, book: PerpBook) -> Touched:
    """AccountBalance.settlePositionInClosedMarket deletes the entry; the pnl came as PnlRealized."""
    key, account, market = AccountKey(event.trader), book.accounts.get(AccountKey(event.trader)), _market(book, event.base_token)
    if account is None or event.base_token not in account.positions:
        raise StateDivergence(f"{event.trader} closed a position in {event.base_token} that is not in the book")
    book.markets[event.base_token] = _resized(market, account.positions[event.base_token].size, 0)
    keep(book, key, with_position(account, event.base_token, None))
    return frozenset((key,))


def _funding_payment_settled(event: FundingPaymentSettled, book: PerpBook) -> Touched:
    """ClearingHouse._settleFunding: the position's growth catches up; the cash moved in the PnlRealized before."""
    key, market = AccountKey(event.trader), _market(book, event.base_token)
    account = account_of(book, key)
    old = account.positions.get(event.base_token)
    if old is None:
        raise StateDivergence(f"{event.trader} paid funding in {event.base_token} without a position in the book")
    settled = Position(old.size, old.open_notional, market.growth_x96, book.moment.timestamp, old.orders)
    keep(book, key, with_position(account, event.base_token, settled))
    return frozenset((key,))


def _liquidity_changed(event: LiquidityChanged, book: PerpBook) -> Touched:
    """OrderBook._addLiquidityToOrder and _removeLiquidityFromOrder; a removal's PositionChanged may come before or after it."""
    key, market = AccountKey(event.trader), _market(book, event.base_token)
    account = account_of(book, key)
    old = account.positions.get(event.base_token) or Position(0, 0, market.growth_x96, book.moment.timestamp)
    ticks_key = (event.lower_tick, event.upper_tick)
    changed = _order_after(event, old.orders.get(ticks_key))
    others = {name: order for name, order in old.orders.items() if name != ticks_key}
    orders = others if changed is None else {**others, ticks_key: changed}
    position = flatten_dust(Position(old.size, old.open_notional, market.growth_x96, book.moment.timestamp, orders))
    if position is None:
        book.markets[event.base_token] = _resized(market, old.size, 0)
    keep(book, key, with_position(account, event.base_token, position))
    return frozenset((key,))


def _order_after(event: LiquidityChanged, old: Order | None) -> Order | None:
    """Collecting the fees of a range one never had is allowed and does nothing, as long as somebody else is in it."""
    if old is None:
        if event.liquidity == 0:
            return None
        if event.liquidity < 0:
            raise StateDivergence(f"{event.trader} removed liquidity in {event.base_token} from an order that is not in the book")
        old = Order(ticks.sqrt_price_at(event.lower_tick), ticks.sqrt_price_at(event.upper_tick), 0, 0, 0)
    liquidity = old.liquidity + event.liquidity
    base, quote = old.base_debt, old.quote_debt
    if event.liquidity > 0:
        base, quote = base + event.base, quote + event.quote
    elif event.liquidity < 0:
        base -= base * -event.liquidity // old.liquidity
        quote -= quote * -event.liquidity // old.liquidity
    return Order(old.sqrt_lower_x96, old.sqrt_upper_x96, liquidity, base, quote) if liquidity else None


def _pnl_realized(event: PnlRealized, book: PerpBook) -> Touched:
    """AccountBalance._modifyOwedRealizedPnl."""
    key = AccountKey(event.trader)
    old = account_of(book, key)
    owed = old.owed_x18 + event.amount
    keep(book, key, Account(old.balance_raw, owed, old.positions, old.collateral, old.debt_threshold_raw, old.inspections))
    return frozenset((key,))


def _deposited(event: Deposited, book: PerpBook) -> Touched:
    """Vault._checkDepositCapAndRegister."""
    key = AccountKey(event.trader)
    _add_token(book, key, event.collateral_token, event.amount)
    return frozenset((key,))


def _withdrawn(event: Withdrawn, book: PerpBook) -> Touched:
    """Vault._settleAndDecreaseBalance: funding is settled in every market, and owedRealizedPnl joins the balance, floored, when the
    settlement token leaves. Neither has an event of its own where the payment is zero."""
    key, params, now = AccountKey(event.trader), parameters(book), book.moment.timestamp
    old = account_of(book, key)
    positions = {
        base_token: Position(one.size, one.open_notional, _market(book, base_token).growth_x96, now, one.orders)
        for base_token, one in old.positions.items()
    }
    balance, owed = old.balance_raw, old.owed_x18
    if event.collateral_token == params.settlement_token:
        balance, owed = balance + owed // params.settlement_unit, 0
    keep(book, key, Account(balance, owed, positions, old.collateral, old.debt_threshold_raw, old.inspections))
    _add_token(book, key, event.collateral_token, -event.amount)
    return frozenset((key,))


def _collateral_liquidated(event: CollateralLiquidated, book: PerpBook, insurance_fund: AccountKey) -> Touched:
    """Vault._liquidateCollateral."""
    key, settlement = AccountKey(event.trader), parameters(book).settlement_token
    _add_token(book, key, event.collateral_token, -event.collateral)
    _add_token(book, key, settlement, event.repaid_settlement)
    _add_token(book, insurance_fund, settlement, event.insurance_fund_fee)
    return frozenset((key,))


def _bad_debt_settled(event: BadDebtSettled, book: PerpBook, insurance_fund: AccountKey) -> Touched:
    """Vault.settleBadDebt."""
    key, settlement = AccountKey(event.trader), parameters(book).settlement_token
    _add_token(book, key, settlement, event.amount)
    _add_token(book, insurance_fund, settlement, -event.amount)
    return frozenset((key,))


def _funding_updated(event: FundingUpdated, book: PerpBook) -> Touched:
    """Exchange.settleFunding: the market's growth moves on, and with it, at most every 15 s, the tick that price limits count from."""
    market, config = _market(book, event.base_token), parameters(book).config
    now = funding.clock(market, book.moment.timestamp)
    interval = funding.twap_interval(market, config.twap_interval, now)
    market_twap_x96 = funding.market_twap_x96(market, event.market_twap, interval)
    growth = funding.growth_at(market, funding.premium_x96(market_twap_x96, event.index_twap, config.max_funding_rate), now)
    ticks_due = now >= market.last_tick_at + _TICK_SECONDS
    spot = market.sqrt_price_x96 or ticks.sqrt_price_of(event.market_twap)
    book.markets[event.base_token] = market.changed(
        growth_x96=growth,
        travelled_x96=market.travelled_x96 + abs(growth - market.growth_x96),
        settled_at=now,
        last_tick=ticks.tick_at(spot) if ticks_due else market.last_tick,
        last_tick_at=now if ticks_due else market.last_tick_at,
    )
    return _NONE


def _add_token(book: PerpBook, key: AccountKey, token: str, amount: int) -> None:
    """Vault._modifyBalance."""
    old = account_of(book, key)
    balance, collateral = old.balance_raw, old.collateral
    if token == parameters(book).settlement_token:
        balance += amount
    else:
        left = collateral.get(token, 0) + amount
        others = {name: amount for name, amount in collateral.items() if name != token}
        collateral = {**others, token: left} if left else others
    keep(book, key, Account(balance, old.owed_x18, old.positions, collateral, old.debt_threshold_raw, old.inspections))


def _resized(market: Market, size_before: int, size_after: int, **changes: int) -> Market:
    """The market with its open interest, and `changes`, brought up to date."""
    return market.changed(
        long_x18=market.long_x18 + max(size_after, 0) - max(size_before, 0),
        short_x18=market.short_x18 + max(-size_after, 0) - max(-size_before, 0),
        **changes,
    )


def _market(book: PerpBook, base_token: str) -> Market:
    market = book.markets.get(base_token)
    if market is None:
        raise StateDivergence(
            f"market {base_token} is not in the book: its PoolAdded lies before the first block read. "
            "Set start_block of the chain to the deployment's first block."
        )
    return market
