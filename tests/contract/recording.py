"""Logs that really happened."""

from collections.abc import Mapping
from dataclasses import dataclass

from keeper.domain.chain import RawLog


@dataclass(frozen=True, slots=True)
class Recording:
    """At least one log of every event with an effect, by `contract.Event`, and where they come from."""

    origin: str
    logs: Mapping[str, RawLog]
