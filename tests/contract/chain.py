"""A node with the venue's own contracts."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from keeper.domain.account import AccountKey
from tests.keeper.venues.ledger import VenueLedger


class Walk(Protocol):
    """Random trading on a node, by a seed."""

    def step(self) -> None:
        """A block or more."""

    def liquidate(self, key: AccountKey) -> None:
        """Somebody tries to, in this block or the next."""


@dataclass(frozen=True, slots=True)
class Chain:
    """`fixture` is the name of pytest's fixture that brings it up, whose value the functions take.

    `ledger` is a book in step with it, `walk` opens random trading from a seed. `every_event` makes every event of the recording happen.
    `walk_events` says how often, at the least, a hundred steps of a walk bring which event: if nothing happens, nothing is proven."""

    origin: str
    fixture: str
    ledger: Callable[[Any], VenueLedger[Any]]
    walk: Callable[[Any, int], AbstractContextManager[Walk]]
    every_event: Callable[[Any], None]
    walk_events: Mapping[str, int]
