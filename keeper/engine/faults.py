"""Why venues of a chain cannot go on, so that one's fault is no affair of the others."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from keeper.errors import VenueFault

T = TypeVar("T")


class Faults(dict[str, VenueFault]):
    """The fault of each venue that has one."""

    @contextmanager
    def of(self, venue: str) -> Iterator[None]:
        """Around a venue's own work: a VenueFault ends that work, and becomes the venue's."""
        try:
            yield
        except VenueFault as fault:
            self[venue] = fault

    def spared(self, venues: Mapping[str, T]) -> dict[str, T]:
        """Those without a fault."""
        return {name: venue for name, venue in venues.items() if name not in self}
