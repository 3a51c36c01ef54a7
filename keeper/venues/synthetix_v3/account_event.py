"""Events about one account."""

from keeper.domain.account import AccountKey
from keeper.domain.venue import Event


def account_key(account_id: int) -> AccountKey:
    """The decimal text of the account's uint128."""
    return AccountKey(str(account_id))


class AccountEvent(Event):
    """The base of events with a field `account_id`."""

    __slots__ = ()
    account_id: int

    @property
    def account(self) -> str:
        """The account's key."""
        return account_key(self.account_id)
