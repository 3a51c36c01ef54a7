"""What it takes to act on a venue. There is a flag for what settings or engine must know before there is any plan, and no other; steps,
partial liquidations and rewards are read off the plans themselves."""

from dataclasses import dataclass
from enum import StrEnum


class Actor(StrEnum):
    """Who may liquidate, beside the protocol's own keepers."""

    ANYBODY = "anybody"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """Of one deployment.

    `actor`: where it is nobody, the venue can only be observed, and settings that would have it acted on are refused.
    `needs_capital`: plans take margin of the executor's: only then is its margin counted, missed, funded and swept.
    `pull_oracle`: prices come onto the chain by the transaction that needs them: whoever acts must name an
    oracle in the settings, and none may be named elsewhere."""

    actor: Actor
    needs_capital: bool
    pull_oracle: bool
