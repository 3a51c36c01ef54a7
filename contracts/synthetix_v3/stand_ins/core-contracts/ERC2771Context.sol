// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// @title Stand-in for core-contracts' ERC2771Context, which no published package has: who calls is who sent.
/// @notice Not real here: the trusted multicall forwarder, behind which the real library sees another sender.
library ERC2771Context {
    function _msgSender() internal view returns (address) {
        return msg.sender;
    }
}
