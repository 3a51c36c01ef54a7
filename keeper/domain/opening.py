"""A position that is only thought of: what the protocol would say to its opening."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NoOpening:
    """Why the protocol would refuse it. `required_x18` is the margin (USD) it asks for, where more margin is all that is lacking."""

    reason: str
    required_x18: int | None = None
