"""By what it is proven that a venue keeps what every venue must keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pytest

from tests.contract.chain import Chain
from tests.contract.contract_abi import ContractAbi
from tests.contract.path import Paths
from tests.contract.plan_case import PlanCase
from tests.contract.recording import Recording

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unproven:
    """In place of a part of a proof: why there is none. What rests on the part is listed as not proven."""

    reason: str

    def __post_init__(self) -> None:
        if not self.reason:
            raise ValueError("a reason is needed")


@dataclass(frozen=True, slots=True)
class Proof:
    """Every part a venue brings to the suite. `options` are working options of a deployment, the recording's.

    `abis` are those of all contracts it listens to. `plans` has a case for every kind of plan and for every way signed prices are put on
    the chain; `reverts` what the venue's documentation says of its errors: their names, each with a payload. `limits` says what all of
    this leaves open, a sentence each."""

    options: Mapping[str, str]
    abis: Sequence[ContractAbi] | Unproven
    recording: Recording | Unproven
    paths: Paths | Unproven
    plans: Sequence[PlanCase] | Unproven
    reverts: Mapping[str, bytes] | Unproven
    chain: Chain | Unproven
    limits: Sequence[str] = ()


def require(part: T | Unproven) -> T:
    """The part; a test whose venue has none ends here, skipped for the reason."""
    if isinstance(part, Unproven):
        pytest.skip(f"not proven: {part.reason}")
    return part
