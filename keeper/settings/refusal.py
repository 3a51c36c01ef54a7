"""Settings that a venue's protocol rules out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from keeper.domain.capabilities import Actor, Capabilities
from keeper.settings.sections import Mode, Settings, VenueSettings


@dataclass(frozen=True, slots=True)
class Refusal:
    """`key` is dotted, as the operator writes it; what is wrong with it and the mend follow it in `problem`."""

    key: str
    problem: str


def refusals(settings: Settings, capabilities: Mapping[str, Capabilities]) -> Iterator[Refusal]:
    """`capabilities` by the venues' names in the settings."""
    for name, venue in settings.venues.items():
        yield from _of_executor(name, venue, capabilities[name])
        yield from _of_oracle(name, venue, capabilities[name], settings)
    yield from _of_mode(settings, capabilities)


def _of_executor(name: str, venue: VenueSettings, capabilities: Capabilities) -> Iterator[Refusal]:
    if venue.executor is not None and capabilities.actor is Actor.NOBODY:
        yield Refusal(
            f"venues.{name}.executor",
            f" = {venue.executor!r}: nobody but its own keepers may act on {venue.protocol}. Take the key out: the venue is only observed.",
        )


def _of_oracle(name: str, venue: VenueSettings, capabilities: Capabilities, settings: Settings) -> Iterator[Refusal]:
    key = f"venues.{name}.oracle"
    # Observing without one shows the prices that are on the chain.
    if venue.oracle is None and capabilities.pull_oracle and settings.keeper.mode is not Mode.OBSERVE:
        known = ", ".join(sorted(settings.oracles)) or "none, add [oracles.NAME]"
        yield Refusal(key, f" is missing. {venue.protocol} pulls its prices: name the oracle that signs them; configured: {known}.")
    if venue.oracle is not None and not capabilities.pull_oracle:
        yield Refusal(key, f" = {venue.oracle!r}: all prices of {venue.protocol} are on the chain. Take the key out.")


def _of_mode(settings: Settings, capabilities: Mapping[str, Capabilities]) -> Iterator[Refusal]:
    mode = settings.keeper.mode
    for scope in settings.scopes() if mode is not Mode.OBSERVE else ():
        if all(capabilities[name].actor is Actor.NOBODY for name in scope.venues):
            venues = ", ".join(scope.venues)
            yield Refusal("keeper.mode", f' = "{mode.value}": nobody may act on any venue of chain {scope.name} ({venues}). Set "observe".')
