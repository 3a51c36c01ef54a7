"""Events about one trader."""

from keeper.domain.venue import Event


class TraderEvent(Event):
    """The base of events with a field `trader`, who is the account."""

    __slots__ = ()
    trader: str

    @property
    def account(self) -> str:
        """The trader's address."""
        return self.trader
