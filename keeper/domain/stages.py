"""The way of a candidate from what made it liquidatable to an endpoint, as times."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stages:
    """When each stage was passed, Unix microseconds; None where it was not, or by a process that is gone.

    `seen`: the block or the signed price that led to it arrived; `decided`: its plan was chosen; `checked`: the endpoints' `eth_call` of
    the whole transaction passed, and the settlement on the fork where it comes first; `committed`: the signed transaction is in the outbox,
    on the disk (signing lies between the two); `accepted`: an endpoint has taken it."""

    seen_us: int | None = None
    decided_us: int | None = None
    checked_us: int | None = None
    committed_us: int | None = None
    accepted_us: int | None = None


NOT_BEGUN = Stages()
"""Nothing was passed yet, or nothing is known of it."""
