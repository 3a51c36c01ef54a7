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
