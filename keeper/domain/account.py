"""What is liquidated: an account of a venue, whatever the venue's unit is (an address, an account's id, a position's key)."""

from typing import NewType, TypeAlias

AccountKey = NewType("AccountKey", str)
"""Names one account inside one venue: the trader's address, or a position's key."""

AccountRef: TypeAlias = tuple[str, AccountKey]
"""Names one account among all venues: the venue, and the account inside it."""
