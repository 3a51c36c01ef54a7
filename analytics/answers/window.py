"""The time a question is about."""

from dataclasses import dataclass
from datetime import UTC, datetime

_OPEN_SINCE = datetime(1970, 1, 1, tzinfo=UTC)
_OPEN_UNTIL = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """`since` (included) to `until` (not included); None is open. A moment without an offset is taken as UTC."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def lake_since(self) -> datetime:
        """As the lake's TIMESTAMP columns are: UTC without an offset."""
        return lake_time(self.since or _OPEN_SINCE)

    @property
    def lake_until(self) -> datetime:
        """As the lake's TIMESTAMP columns are: UTC without an offset."""
        return lake_time(self.until or _OPEN_UNTIL)

    @property
    def words(self) -> str:
        """The window as figures carry it."""
        if self.since is None and self.until is None:
            return "all that was recorded"
        first = f"{self.lake_since:%Y-%m-%d %H:%M:%S}" if self.since else "the first record"
        last = f"{self.lake_until:%Y-%m-%d %H:%M:%S}" if self.until else "the last record"
        return f"{first} to {last} UTC"


def lake_time(moment: datetime) -> datetime:
    """UTC without an offset; a moment without an offset is taken as UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
