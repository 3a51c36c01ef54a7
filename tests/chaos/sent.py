"""A transaction of somebody else in a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """`tip_gwei` decides the order within a block; `funded` gives the sender coin for gas first."""

    sender: str
    to: str
    data: str
    tip_gwei: int = 1
    gas: int = 3_000_000
    funded: bool = False

    def fields(self) -> Mapping[str, str]:
        """For eth_sendTransaction."""
        return {
            "from": self.sender,
            "to": self.to,
            "data": self.data,
            "gas": hex(self.gas),
            "maxFeePerGas": hex(200 * 10**9),
            "maxPriorityFeePerGas": hex(self.tip_gwei * 10**9),
        }
