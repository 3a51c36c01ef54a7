"""How the oracle manager makes a price, as far as it is a price stored in Pyth or a constant (@synthetixio/oracle-manager, nodes/*.sol)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from keeper.domain.fixed import div_trunc

_WORD = 32
_PRECISION = 18
"""PythNode.PRECISION."""


class NodeType(IntEnum):
    """NodeDefinition.NodeType."""

    NONE = 0
    REDUCER = 1
    EXTERNAL = 2
    CHAINLINK = 3
    UNISWAP = 4
    PYTH = 5
    PRICE_DEVIATION_CIRCUIT_BREAKER = 6
    STALENESS_CIRCUIT_BREAKER = 7
    CONSTANT = 8
    PYTH_OFFCHAIN_LOOKUP = 9


@dataclass(frozen=True, slots=True)
class OracleNode:
    """NodeDefinition.Data; of the type NONE where nobody registered it."""

    node_type: int
    parameters: bytes
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PythSource:
    """The price of this id as Pyth stores it."""

    pyth: str
    price_id: str


@dataclass(frozen=True, slots=True)
class ConstantSource:
    """A price that never changes, 18 decimals."""

    price: int


Source: TypeAlias = PythSource | ConstantSource


def source_of(node_id: str, nodes: Mapping[str, OracleNode]) -> Source | None:
    """Where the node's price comes from whenever it has one; None where that is neither Pyth's stored price nor a constant, or a node
    on the way is not known. A circuit breaker's second parent that only asks for off-chain data has never a price of its own."""
    node = nodes.get(node_id)
    if node is None:
        return None
    match node.node_type:
        case NodeType.CONSTANT:
            return ConstantSource(int.from_bytes(node.parameters[:_WORD], "big", signed=True))
        case NodeType.PYTH if not _word(node, 2):
            return PythSource(f"0x{_word(node, 0):040x}", f"0x{_word(node, 1):064x}")
        case NodeType.STALENESS_CIRCUIT_BREAKER if all(_only_asks(parent, nodes) for parent in node.parents[1:]):
            return source_of(node.parents[0], nodes)
    return None


def oracle_node(node_type: int, parameters: str, parents: Sequence[int]) -> OracleNode:
    """A node out of an event's fields."""
    return OracleNode(node_type, bytes.fromhex(parameters[2:]), tuple(f"0x{parent:064x}" for parent in parents))


def price_x18(price: int, exponent: int) -> int:
    """PythNode.process: a stored price with 18 decimals."""
    factor = _PRECISION + exponent
    scale: int = 10 ** abs(factor)
    return price * scale if factor > 0 else div_trunc(price, scale)


def _only_asks(node_id: str, nodes: Mapping[str, OracleNode]) -> bool:
    node = nodes.get(node_id)
    return node is not None and node.node_type == NodeType.PYTH_OFFCHAIN_LOOKUP


def _word(node: OracleNode, index: int) -> int:
    return int.from_bytes(node.parameters[index * _WORD : (index + 1) * _WORD], "big")
