// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Batched calls with the interface of Multicall3's aggregate3.
/// @notice On the local chain its code is placed at Multicall3's canonical address, so one address serves everywhere.
contract Multicall {
    struct Call3 {
        address target;
        bool allowFailure;
        bytes callData;
    }

    struct Result {
        bool success;
        bytes returnData;
    }

    error CallReverted(uint256 index);

    /// @notice Makes each call in order and returns what each returned (or reverted with, if it was allowed to fail).
    /// @dev Reverts with CallReverted(index) when a call fails that was not allowed to.
    function aggregate3(Call3[] calldata calls) external payable returns (Result[] memory results) {
        results = new Result[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            Call3 calldata item = calls[i];
            (bool success, bytes memory returned) = item.target.call(item.callData);
            if (!success && !item.allowFailure) revert CallReverted(i);
            results[i] = Result(success, returned);
        }
    }

    /// @notice Height of the block the calls see.
    function getBlockNumber() external view returns (uint256) {
        return block.number;
    }

    /// @notice Timestamp of the block the calls see, unix seconds.
    function getCurrentBlockTimestamp() external view returns (uint256) {
        return block.timestamp;
    }
}
