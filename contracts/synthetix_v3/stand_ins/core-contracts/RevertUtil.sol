// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// @title Stand-in for core-contracts' RevertUtil, which no published package has: revert data handed on as it came.
/// @notice As ERC-7412 has it, the errors of many nodes are one `Errors`, even if only one of them failed.
library RevertUtil {
    error Errors(bytes[] errors);
    error EmptyRevertReason();

    function revertIfError(bytes memory reason) internal pure {
        if (reason.length > 0) revertWithReason(reason);
    }

    function revertManyIfError(bytes[] memory reasons) internal pure {
        uint256 count;
        for (uint256 i = 0; i < reasons.length; ++i) {
            if (reasons[i].length > 0) ++count;
        }
        if (count == 0) return;
        bytes[] memory errors = new bytes[](count);
        for (uint256 i = reasons.length; i > 0; --i) {
            if (reasons[i - 1].length > 0) errors[--count] = reasons[i - 1];
        }
        revert Errors(errors);
    }

    function revertWithReason(bytes memory reason) internal pure {
        if (reason.length == 0) revert EmptyRevertReason();
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }
}
