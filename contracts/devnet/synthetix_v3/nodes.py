"""The oracle manager's nodes of a price: Pyth behind a staleness check, as on live chains.

A node's id is the hash of what it is, so that it is known before the node is registered. Source: oracle-manager,
NodeDefinition.getId and StalenessCircuitBreakerNode.process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.crypto import keccak

_EXTERNAL, _PYTH, _STALENESS, _PYTH_LOOKUP = 2, 5, 7, 9


@dataclass(frozen=True, slots=True)
class Node:
    """A node as it is registered: its kind, its parameters, the ids of its parents."""

    kind: int
    parameters: bytes
    parents: tuple[bytes, ...] = ()

    @property
    def node_id(self) -> bytes:
        """32 bytes."""
        return keccak(encode(("uint8", "bytes", "bytes32[]"), (self.kind, self.parameters, self.parents)))


def price_nodes(pyth: str, price_id: bytes, staleness: int) -> Sequence[Node]:
    """The three nodes of a price, the last one being the price: Pyth's, and while that is older than `staleness` seconds
    the demand for a newer one (OracleDataRequired)."""
    price = Node(_PYTH, encode(("address", "bytes32", "bool"), (pyth, price_id, False)))
    lookup = Node(_PYTH_LOOKUP, encode(("address", "bytes32", "uint256"), (pyth, price_id, staleness)))
    check = Node(_STALENESS, encode(("uint256",), (staleness,)), (price.node_id, lookup.node_id))
    return price, lookup, check


def external_node(contract: str) -> Node:
    """A node that asks a contract."""
    return Node(_EXTERNAL, encode(("address",), (contract,)))
