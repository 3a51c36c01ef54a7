"""What a lane wants signed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from keeper.domain.attempt import Job
from keeper.domain.chain import Hash32
from keeper.execution.outbox_rows import Purpose
from keeper.execution.signer import Unsigned


@dataclass(frozen=True, slots=True)
class Draft:
    """A transaction to be signed, and the row of the outbox it is to become. `job` is a new one, or the id of one the outbox has;
    `replaces` the transaction whose place it takes; `head_number` the newest block."""

    unsigned: Unsigned
    job: Job | int
    purpose: Purpose
    replaces: Hash32 | None
    head_number: int


Drafting: TypeAlias = Callable[[], Draft | None]
"""Drafts by the outbox as it is when called; None where nothing is to be signed (any more). Of one state it drafts the same twice."""
