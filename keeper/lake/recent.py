"""A set that forgets: of more keys than its limit the oldest go."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeVar

Key = TypeVar("Key")


class Recent(Collection[Key]):
    """The newest `limit` different keys, in the order they were first added."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._keys: dict[Key, None] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: Key) -> None:
        """Nothing changes where the key is there already."""
        self._keys.setdefault(key)
        if len(self._keys) > self._limit:
            del self._keys[next(iter(self._keys))]

    def update(self, keys: Iterable[Key]) -> None:
        """Add each of them in order."""
        for key in keys:
            self.add(key)

    def discard(self, key: Key) -> None:
        """Nothing changes where there is no such key."""
        self._keys.pop(key, None)

    def remove(self, outdated: Callable[[Key], bool]) -> None:
        """Take away those keys of which this is true."""
        self._keys = {key: None for key in self._keys if not outdated(key)}
