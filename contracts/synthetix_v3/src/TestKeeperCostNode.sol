// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {IERC165} from "@synthetixio/core-contracts/contracts/interfaces/IERC165.sol";
import {IExternalNode} from "@synthetixio/oracle-manager/contracts/interfaces/external/IExternalNode.sol";
import {NodeDefinition} from "@synthetixio/oracle-manager/contracts/storage/NodeDefinition.sol";
import {NodeOutput} from "@synthetixio/oracle-manager/contracts/storage/NodeOutput.sol";

/// @title Stand-in for Synthetix' gas price oracle: what a keeper's transaction costs in USD (18 decimals), set by anybody.
/// @notice Real in it is what it is asked for and answers by: the runtime values `executionKind` and
/// `numberOfUpdatedFeeds`. Not real: the costs follow neither the gas price nor the price of ether.
contract TestKeeperCostNode is IExternalNode {
    uint256 private constant _SETTLEMENT = 0;
    uint256 private constant _FLAG = 1;
    uint256 private constant _LIQUIDATE = 2;

    uint256 public settlementCost;
    uint256 public flagCostPerFeed;
    uint256 public liquidateCost;

    error UnknownExecutionKind(uint256 executionKind);

    constructor(uint256 settlementCost_, uint256 flagCostPerFeed_, uint256 liquidateCost_) {
        setCosts(settlementCost_, flagCostPerFeed_, liquidateCost_);
    }

    /// @notice Sets what a settlement, a flag per updated price feed, and a liquidation cost: USD with 18 decimals.
    function setCosts(uint256 settlementCost_, uint256 flagCostPerFeed_, uint256 liquidateCost_) public {
        settlementCost = settlementCost_;
        flagCostPerFeed = flagCostPerFeed_;
        liquidateCost = liquidateCost_;
    }

    function process(
        NodeOutput.Data[] memory,
        bytes memory,
        bytes32[] memory runtimeKeys,
        bytes32[] memory runtimeValues
    ) external view returns (NodeOutput.Data memory) {
        uint256 feeds = _value("numberOfUpdatedFeeds", runtimeKeys, runtimeValues);
        uint256 cost = _cost(_value("executionKind", runtimeKeys, runtimeValues), feeds);
        return NodeOutput.Data(int256(cost), block.timestamp, 0, 0);
    }

    function isValid(NodeDefinition.Data memory definition) external pure returns (bool) {
        return definition.nodeType == NodeDefinition.NodeType.EXTERNAL;
    }

    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IExternalNode).interfaceId || interfaceId == type(IERC165).interfaceId;
    }

    function _cost(uint256 executionKind, uint256 feeds) private view returns (uint256) {
        if (executionKind == _SETTLEMENT) return settlementCost;
        if (executionKind == _FLAG) return flagCostPerFeed * feeds;
        if (executionKind == _LIQUIDATE) return liquidateCost;
        revert UnknownExecutionKind(executionKind);
    }

    function _value(bytes32 key, bytes32[] memory keys, bytes32[] memory values) private pure returns (uint256) {
        for (uint256 i = 0; i < keys.length; ++i) {
            if (keys[i] == key) return uint256(values[i]);
        }
        return 0;
    }
}
