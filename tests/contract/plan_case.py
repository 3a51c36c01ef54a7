"""A plan beside the calls it should be."""

from collections.abc import Sequence
from dataclasses import dataclass

from keeper.domain.permission import CallRule
from keeper.domain.plan import LiquidationCall


@dataclass(frozen=True, slots=True)
class ExpectedCall:
    """A function by its signature, and its arguments as eth_abi reads them."""

    signature: str
    arguments: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class PlanCase:
    """The calls of a plan, the rules of its venue at that moment, and what the calls should be."""

    name: str
    calls: Sequence[LiquidationCall]
    rules: Sequence[CallRule]
    expected: Sequence[ExpectedCall]
