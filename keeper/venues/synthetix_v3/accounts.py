"""Small steps on accounts and markets that several events share."""

from dataclasses import replace

from keeper.domain.account import AccountKey
from keeper.errors import StateDivergence
from keeper.venues.synthetix_v3.state import PARAMETERS, SNX_USD, Account, Market, Position, SynthetixBook, parameters

_EMPTY = Account()


def account_of(book: SynthetixBook, key: AccountKey) -> Account:
    """The account, empty where the book has none."""
    return book.accounts.get(key, _EMPTY)


def keep(book: SynthetixBook, key: AccountKey, account: Account) -> frozenset[AccountKey]:
    """Store the account, and tell that it must be looked at; one with nothing at stake leaves the book."""
    if account.at_stake:
        book.accounts[key] = account
        params = parameters(book)
        if account.feeds > params.max_feeds:
            book.globals[PARAMETERS] = replace(params, max_feeds=account.feeds)
    elif key in book.accounts:
        del book.accounts[key]
    return frozenset((key,))


def charged(account: Account, amount: int) -> Account:
    """PerpsAccount.charge: a credit pays debt first, a charge takes snxUSD first; what is left goes to the other."""
    usd = account.collateral.get(SNX_USD, 0)
    if amount > 0:
        return replace(with_collateral(account, SNX_USD, max(0, amount - account.debt)), debt=max(0, account.debt - amount))
    payment = min(usd, -amount)
    return replace(with_collateral(account, SNX_USD, -payment), debt=account.debt - amount - payment)


def with_collateral(account: Account, collateral_id: str, delta: int) -> Account:
    """PerpsAccount.updateCollateralAmount."""
    amount = account.collateral.get(collateral_id, 0) + delta
    if amount < 0:
        raise StateDivergence(f"collateral {collateral_id} of an account falls to {amount}: its history is not complete")
    others = {name: one for name, one in account.collateral.items() if name != collateral_id}
    return replace(account, collateral={**others, collateral_id: amount} if amount else others)


def with_position(account: Account, market_id: str, position: Position | None) -> Account:
    """The account with this position in the market, of which nothing was read yet; None takes it away."""
    others = {name: one for name, one in account.positions.items() if name != market_id}
    inspections = {name: one for name, one in account.inspections.items() if name != market_id}
    positions = others if position is None else {**others, market_id: position}
    return replace(account, positions=positions, inspections=inspections)


def market_of(book: SynthetixBook, market_id: str) -> Market:
    """A market that was created. Raises StateDivergence for another."""
    market = book.markets.get(market_id)
    if market is None:
        raise StateDivergence(
            f"market {market_id} is not in the book: its MarketCreated lies before the first block read. "
            "Set start_block of the chain to the deployment's first block."
        )
    return market
