"""What the executor holds and what its earlier plans will have used when the next one is carried out."""

from collections.abc import Mapping
from dataclasses import dataclass

from keeper.domain.account import AccountKey
from keeper.domain.chain import Address
from keeper.domain.use import Use
from keeper.venues.perp_v2.state import PerpBook


@dataclass(frozen=True, slots=True)
class Inventory:
    """`used` is of plans that are decided or sent and not yet in the book."""

    executor: Address
    used: Use

    def positions(self, book: PerpBook) -> Mapping[str, int]:
        """Base held by market, + long. A plan closes all that is held in its market, so nothing is left there for the next one."""
        account = book.accounts.get(AccountKey(self.executor))
        positions = account.positions if account else {}
        return {name: position.size for name, position in positions.items() if name not in self.used.base_x18}

    def held(self, base_token: str, book: PerpBook) -> int:
        """Base held in one market, + long: it is closed together with what a plan takes over."""
        return self.positions(book).get(base_token, 0)
