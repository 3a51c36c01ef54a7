"""What the oracle manager knows a node by is computed here beforehand."""

from __future__ import annotations

import pytest

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from contracts.devnet.synthetix_v3.nodes import external_node, price_nodes
from contracts.devnet.synthetix_v3.parameters import LISTINGS

pytestmark = pytest.mark.fork
_NODE = ("(uint8,bytes,bytes32[])",)


def test_the_oracle_manager_has_every_node_under_its_id(synthetix_devnet: SynthetixDevnet) -> None:
    contracts = synthetix_devnet.deployment.contracts
    nodes = [external_node(contracts.keeper_cost_node)]
    for listing in LISTINGS.markets:
        nodes += price_nodes(contracts.pyth, listing.price_id, LISTINGS.system.staleness)
    for node in nodes:
        call = {"to": contracts.oracle_manager, "data": calldata("getNode(bytes32)", node.node_id)}
        kind, parameters, parents = returned(_NODE, synthetix_devnet.rpc.call("eth_call", call, "latest"))[0]
        assert (kind, parameters, parents) == (node.kind, node.parameters, node.parents)


@pytest.mark.parametrize(
    ("kind", "feeds", "cost_18"),
    [
        (0, 0, LISTINGS.system.settlement_cost_18),
        (1, 1, LISTINGS.system.flag_cost_per_feed_18),
        (1, 3, 3 * LISTINGS.system.flag_cost_per_feed_18),
        (2, 0, LISTINGS.system.liquidate_cost_18),
    ],
    ids=["settlement", "flag, one price", "flag, three prices", "liquidation"],
)
def test_a_keepers_cost_depends_on_what_is_done_and_with_how_many_prices(
    synthetix_devnet: SynthetixDevnet, kind: int, feeds: int, cost_18: int
) -> None:
    contracts = synthetix_devnet.deployment.contracts
    keys = [b"numberOfUpdatedFeeds", b"executionKind"]
    values = [feeds.to_bytes(32, "big"), kind.to_bytes(32, "big")]
    node_id = external_node(contracts.keeper_cost_node).node_id
    data = calldata("processWithRuntime(bytes32,bytes32[],bytes32[])", node_id, keys, values)
    answer = synthetix_devnet.rpc.call("eth_call", {"to": contracts.oracle_manager, "data": data}, "latest")
    assert returned(("(int256,uint256,uint256,uint256)",), answer)[0][0] == cost_18
