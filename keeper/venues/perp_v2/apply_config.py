"""Events that set parameters. What concerns all accounts makes all accounts due."""

from dataclasses import replace

from keeper.domain.account import AccountKey
from keeper.domain.chain import Address
from keeper.errors import StateDivergence
from keeper.venues.perp_v2.accounts import account_of, keep
from keeper.venues.perp_v2.log_events import (
    CollateralAdded,
    CollateralConfigChanged,
    ConfigChanged,
    MarketConfigChanged,
    PoolAdded,
    PriceFeedChanged,
    WhitelistedDebtThresholdChanged,
)
from keeper.venues.perp_v2.read_events import CollateralDescribed, ConfigRead, MarketNamed
from keeper.venues.perp_v2.state import PARAMETERS, Account, Collateral, Config, Market, Parameters, PerpBook, parameters

_NONE: frozenset[AccountKey] = frozenset()


def config_read(event: ConfigRead, book: PerpBook) -> frozenset[AccountKey]:
    """The snapshot. Collaterals already known stay."""
    known = book.globals.get(PARAMETERS)
    collaterals = known.collaterals if known else {}
    book.globals[PARAMETERS] = Parameters(Config(*event.config), Address(event.settlement_token), event.settlement_decimals, collaterals)
    return frozenset(book.accounts)


def config_changed(event: ConfigChanged, book: PerpBook) -> frozenset[AccountKey]:
    """One field of `Config`."""
    params = parameters(book)
    book.globals[PARAMETERS] = replace(params, config=replace(params.config, **{event.name: event.value}))
    return frozenset(book.accounts)


def pool_added(event: PoolAdded, book: PerpBook) -> frozenset[AccountKey]:
    """MarketRegistry.addPool: the exchange's fee starts as the pool's. A market already known stays as it is."""
    if event.base_token not in book.markets:
        book.markets[event.base_token] = Market(Address(event.pool), event.fee_ratio)
    return _NONE


def market_config_changed(event: MarketConfigChanged, book: PerpBook) -> frozenset[AccountKey]:
    """One field of `Market`. No margin test depends on these. Raises StateDivergence for a market never added."""
    if event.base_token not in book.markets:
        raise StateDivergence(f"market {event.base_token} is not in the book: its PoolAdded lies before the first block read")
    book.markets[event.base_token] = book.markets[event.base_token].changed(**{event.name: event.value})
    return _NONE


def market_named(event: MarketNamed, book: PerpBook) -> frozenset[AccountKey]:
    """A market's name for people."""
    book.markets[event.base_token] = replace(book.markets[event.base_token], name=event.name)
    return _NONE


def collateral_added(event: CollateralAdded, book: PerpBook) -> frozenset[AccountKey]:
    """CollateralManager.addCollateral. Decimals are read with the next refresh."""
    _set_collateral(book, event.token, Collateral(event.collateral_ratio, event.discount_ratio))
    return frozenset(book.accounts)


def collateral_config_changed(event: CollateralConfigChanged, book: PerpBook) -> frozenset[AccountKey]:
    """One field of `Collateral`."""
    collateral = _collateral(book, event.token).changed(**{event.name: event.value})
    _set_collateral(book, event.token, collateral)
    return frozenset(book.accounts)


def price_feed_changed(event: PriceFeedChanged, book: PerpBook) -> frozenset[AccountKey]:
    """The new feed's decimals are read with the next refresh."""
    _set_collateral(book, event.token, _collateral(book, event.token).changed(feed_decimals=None))
    return frozenset(book.accounts)


def collateral_described(event: CollateralDescribed, book: PerpBook) -> frozenset[AccountKey]:
    """A collateral's name and decimals."""
    described = replace(_collateral(book, event.token), name=event.name, decimals=event.decimals, feed_decimals=event.feed_decimals)
    _set_collateral(book, event.token, described)
    return frozenset(book.accounts)


def debt_threshold_changed(event: WhitelistedDebtThresholdChanged, book: PerpBook) -> frozenset[AccountKey]:
    """CollateralManager.getDebtThresholdByTrader."""
    key = AccountKey(event.trader)
    old = account_of(book, key)
    threshold = event.whitelisted_debt_threshold
    keep(book, key, Account(old.balance_raw, old.owed_x18, old.positions, old.collateral, threshold, old.inspections))
    return frozenset((key,))


def _collateral(book: PerpBook, token: str) -> Collateral:
    collateral = parameters(book).collaterals.get(token)
    if collateral is None:
        raise StateDivergence(f"collateral {token} is not in the book: its CollateralAdded lies before the first block read")
    return collateral


def _set_collateral(book: PerpBook, token: str, collateral: Collateral) -> None:
    params = parameters(book)
    book.globals[PARAMETERS] = replace(params, collaterals={**params.collaterals, token: collateral})
