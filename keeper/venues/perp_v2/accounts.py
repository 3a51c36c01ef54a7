"""Small steps on accounts that several events share."""

from keeper.domain.account import AccountKey
from keeper.venues.perp_v2.orders import DUST
from keeper.venues.perp_v2.state import Account, PerpBook, Position

_EMPTY = Account()


def account_of(book: PerpBook, key: AccountKey) -> Account:
    """The account, empty where the book has none."""
    return book.accounts.get(key, _EMPTY)


def keep(book: PerpBook, key: AccountKey, account: Account) -> None:
    """Store the account; one with nothing at stake leaves the book."""
    at_stake = account.balance_raw or account.owed_x18 or account.positions or account.collateral or account.debt_threshold_raw
    if at_stake:
        book.accounts[key] = account
    elif key in book.accounts:
        del book.accounts[key]


def with_position(account: Account, base_token: str, position: Position | None) -> Account:
    """The account with this position in the market; None takes the entry away."""
    others = {name: one for name, one in account.positions.items() if name != base_token}
    positions = others if position is None else {**others, base_token: position}
    return Account(account.balance_raw, account.owed_x18, positions, account.collateral, account.debt_threshold_raw, account.inspections)


def flatten_dust(position: Position) -> Position | None:
    """AccountBalance._deregisterBaseToken: an entry below 10 wei of size and notional, without orders, is deleted."""
    if position.orders or abs(position.size) >= DUST or abs(position.open_notional) >= DUST:
        return position
    return None
