"""State that can be undone block by block, so that a reorg is handled once for all venues.

A `Journal` is a dictionary that notes, for each block not yet final, the value every changed key had before that block."""

from collections.abc import Hashable, Iterator, MutableMapping, Set
from dataclasses import dataclass
from typing import Generic, TypeVar

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
A = TypeVar("A")
M = TypeVar("M")
P = TypeVar("P")
R = TypeVar("R")


class _Absent:
    """Marks "there was no such key" in an undo layer, where None may be a value."""


_ABSENT = _Absent()


class Journal(MutableMapping[K, V], Generic[K, V]):
    """A dictionary with one undo layer per open block. Values must be immutable: they are kept, not copied."""

    def __init__(self) -> None:
        self._values: dict[K, V] = {}
        self._layers: list[tuple[int, dict[K, V | _Absent]]] = []

    def __getitem__(self, key: K) -> V:
        return self._values[key]

    def __setitem__(self, key: K, value: V) -> None:
        self._remember(key)
        self._values[key] = value

    def __delitem__(self, key: K) -> None:
        if key not in self._values:
            raise KeyError(key)
        self._remember(key)
        del self._values[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def open_block(self, number: int) -> None:
        """Start block `number`. Raises ValueError when it is not above the newest open block."""
        if self._layers and number <= self._layers[-1][0]:
            raise ValueError(f"block {number} opened after block {self._layers[-1][0]}")
        self._layers.append((number, {}))

    def rollback(self, ancestor: int) -> set[K]:
        """Restore the state as it was after block `ancestor`; return the keys whose value changed back."""
        changed: set[K] = set()
        while self._layers and self._layers[-1][0] > ancestor:
            _, layer = self._layers.pop()
            for key, value in layer.items():
                if isinstance(value, _Absent):
                    self._values.pop(key, None)
                else:
                    self._values[key] = value
            changed |= layer.keys()
        return changed

    def finalise(self, number: int) -> None:
        """Blocks up to and including `number` can no longer be undone."""
        self._layers = [entry for entry in self._layers if entry[0] > number]

    def _remember(self, key: K) -> None:
        if not self._layers:
            return
        layer = self._layers[-1][1]
        if key not in layer:
            layer[key] = self._values.get(key, _ABSENT)


@dataclass(frozen=True, slots=True)
class Moment:
    """Which block the book stands at."""

    number: int
    timestamp: Timestamp


class VenueBook(Generic[A, M, P, R]):
    """A venue's state, undone together: accounts, markets, everything that concerns all accounts at once (`globals`), and what was
    read of the chain for a certain time (`reads`), which by itself makes no account due: watch boxes are drawn over its values."""

    _MOMENT = "moment"

    def __init__(self) -> None:
        self.accounts: Journal[AccountKey, A] = Journal()
        self.markets: Journal[str, M] = Journal()
        self.globals: Journal[str, P] = Journal()
        self.reads: Journal[Timestamp, R] = Journal()
        self._moments: Journal[str, Moment] = Journal()

    @property
    def moment(self) -> Moment:
        """The newest open block, or the newest ever opened. Raises KeyError before the first."""
        return self._moments[self._MOMENT]

    def open_block(self, number: int, timestamp: Timestamp) -> None:
        """Start block `number` in every journal."""
        for journal in (self.accounts, self.markets, self.globals, self.reads, self._moments):
            journal.open_block(number)
        self._moments[self._MOMENT] = Moment(number, timestamp)

    def rollback(self, ancestor: int) -> Set[AccountKey]:
        """Undo every block above `ancestor`; return accounts to look at again (all of them when a global changed back)."""
        touched: Set[AccountKey] = self.accounts.rollback(ancestor)
        self.markets.rollback(ancestor)
        self.reads.rollback(ancestor)
        self._moments.rollback(ancestor)
        if self.globals.rollback(ancestor):
            return set(self.accounts) | touched
        return touched

    def finalise(self, number: int) -> None:
        """Forget the undo layers up to `number`."""
        for journal in (self.accounts, self.markets, self.globals, self.reads, self._moments):
            journal.finalise(number)

    def account_keys(self) -> Set[AccountKey]:
        """All accounts of the book."""
        return self.accounts.keys()
